// A request in the address of the page, so that it can be shared. Credentials are left out.

import type { Question } from '../../shared/request/question';

/** Longer ones are not put into the address. */
const LONGEST = 16_000;

const SECRET = new Set(['authorization', 'proxy-authorization', 'cookie', 'x-auth-token', 'x-hm-authorization']);

/** Null: it is too long for an address. */
export function packed(question: Question): string | null {
  const bytes = new TextEncoder().encode(JSON.stringify(withoutSecrets(question)));
  const text = btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(''));
  const address = text.replaceAll('+', '-').replaceAll('/', '_').replace(/=+$/, '');
  return address.length > LONGEST ? null : address;
}

/** Null: the address was damaged. */
export function unpacked(text: string): Question | null {
  try {
    const bytes = Uint8Array.from(atob(text.replaceAll('-', '+').replaceAll('_', '/')), (letter) => letter.charCodeAt(0));
    const question = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes)) as Partial<Question>;
    const { request } = question;
    const whole = typeof request?.method === 'string' && typeof request.target === 'string' && Array.isArray(request.headers);
    if (!whole) return null;
    return {
      request: { ...request, body: request.body ?? null } as Question['request'],
      facts: question.facts ?? {},
      options: question.options ?? {},
      severities: question.severities ?? {},
      receivedAt: question.receivedAt ?? null,
      caller: question.caller ?? null,
      mode: question.mode ?? null,
    };
  } catch {
    return null;
  }
}

function withoutSecrets(question: Question): Question {
  const headers = question.request.headers.map(([name, value]): [string, string] => [name, SECRET.has(name.toLowerCase()) ? '' : value]);
  return { ...question, request: { ...question.request, headers } };
}
