// Between the form of a request and what the policy is given.

import { EMPTY_DRAFT, questionOf, slipsOf, type Draft } from '../../shared/request/question';
import type { Severity } from '../../shared/settings/settings';
import type { Case } from '../cases/case';
import type { FactGiven, Given } from '../judging/given';
import { members, object, pretty } from '../judging/json';
import type { Caller, Manifest } from '../policy/contract';

/** Something in the form that cannot be judged, in words. */
export class Slip extends Error {}

/** A request that has been chosen, and of it what a form cannot hold. */
export interface Chosen {
  draft: Draft;
  /** The body that `draft.body` stands for as long as it is not changed. */
  body: { shown: string; is: Given['request']['body']; complete: boolean } | null;
}

// ---- out of a case ---------------------------------------------------------------

export function chosen({ request, context }: Case): Chosen {
  const facts = Object.entries(context.facts).map(([name, given]) => [name, written(given)] as const);
  const { caller } = context;
  const body = 'text' in request.body ? request.body.text : shownBytes(request.body.base64);
  const draft: Draft = {
    ...EMPTY_DRAFT,
    method: request.method,
    target: request.target,
    headers: request.fields.map(([name, value]) => [name, value]),
    body,
    facts: facts.length === 0 ? '' : pretty(object(facts)),
    receivedAt: new Date(context.receivedAt).toISOString().replace('.000Z', 'Z'),
    caller: {
      subject: caller?.subject ?? '',
      tenant: caller?.tenant ?? '',
      roles: caller?.roles.join('\n') ?? '',
      scopes: caller?.scopes.join('\n') ?? '',
      certificateNames: caller?.certificateNames.join('\n') ?? '',
      sourceAddress: caller?.sourceAddress ?? '',
    },
    mode: context.mode,
    options: Object.fromEntries(context.options.map(([name, value]) => [name, JSON.parse(value) as unknown])),
    severities: Object.fromEntries(context.severities),
  };
  return { draft, body: { shown: body, is: request.body, complete: request.bodyComplete } };
}

/** A request to begin with if there are no cases: the first operation of the policy. */
export function first(manifest: Manifest): Chosen {
  const [operation] = manifest.operations;
  const target = `${manifest.apiRoots[0] ?? ''}${operation?.path ?? '/'}`;
  return { draft: { ...EMPTY_DRAFT, method: operation?.method ?? 'GET', target }, body: null };
}

/** As cases have it: the document, or how the VNFM answers. */
function written(given: FactGiven): string {
  switch (given.answer) {
    case 'found': {
      if (given.etag === null && !isAnswer(given.body)) return given.body;
      const etag = given.etag === null ? [] : [['etag', JSON.stringify(given.etag)] as const];
      return object([['status', '200'], ...etag, ['body', given.body]]);
    }
    case 'absent':
      return '{"status":404}';
    case 'withheld':
      return '{"status":403}';
    case 'unavailable':
      return '{"status":503}';
  }
}

function shownBytes(base64: string): string {
  return new TextDecoder().decode(Uint8Array.from(atob(base64), (character) => character.charCodeAt(0)));
}

// ---- into the policy -------------------------------------------------------------

/** What the form says. Throws a [Slip] if it cannot be judged. */
export function given({ draft, body }: Chosen): Given {
  const { facts: slip } = slipsOf(draft);
  if (slip !== undefined) throw new Slip(slip);
  const { request, caller, options, severities } = questionOf(draft);
  const known = body !== null && body.shown === draft.body ? body : null;
  return {
    request: {
      method: request.method,
      target: request.target,
      fields: request.headers.map(([name, value]) => [name.toLowerCase(), value]),
      body: known?.is ?? { text: draft.body },
      bodyComplete: known?.complete ?? true,
    },
    context: {
      receivedAt: receivedAt(draft.receivedAt.trim()),
      mode: draft.mode,
      caller: caller === null ? null : { ...NOBODY, ...caller },
      facts: facts(draft.facts),
      options: Object.entries(options).map(([name, value]) => [name, JSON.stringify(value)]),
      severities: Object.entries(severities) as [string, Severity][],
    },
  };
}

const NOBODY: Caller = { subject: null, tenant: null, roles: [], scopes: [], certificateNames: [], sourceAddress: null };

function receivedAt(text: string): number {
  if (text === '' || text === 'now') return Date.now();
  const time = /^\d{4}-\d\d-\d\dT\d\d:\d\d/.test(text) ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(time) || time < 0) {
    throw new Slip(`“${text}” is not a time: expected one such as 2026-11-28T22:30:00Z, or nothing for now.`);
  }
  return time;
}

function facts(text: string): Record<string, FactGiven> {
  const found = text.trim() === '' ? new Map<string, string>() : (members(text) ?? new Map<string, string>());
  return Object.fromEntries([...found].map(([name, value]) => [name, fact(name, value)]));
}

function fact(name: string, text: string): FactGiven {
  if (!isAnswer(text)) return { answer: 'found', etag: null, body: text };
  const answer = members(text) ?? new Map<string, string>();
  const etag = answer.get('etag');
  switch (answer.get('status')) {
    case '200': {
      const body = answer.get('body');
      if (body === undefined) throw new Slip(`The fact ${name} has status 200 and needs a body.`);
      return { answer: 'found', etag: etag === undefined ? null : String(JSON.parse(etag)), body };
    }
    case '404':
      return { answer: 'absent' };
    case '401':
    case '403':
      return { answer: 'withheld' };
    case '503':
      return { answer: 'unavailable' };
    default:
      throw new Slip(`The fact ${name} has a status that means nothing here: 200 found, 404 absent, 401 or 403 withheld, 503 unavailable.`);
  }
}

/** Whether it says how the VNFM answers, rather than being the answer (host/cases/src/given.rs). */
function isAnswer(text: string): boolean {
  const found = members(text);
  if (found === null || !/^-?\d/.test(found.get('status') ?? '')) return false;
  return [...found.keys()].every((name) => name === 'status' || name === 'etag' || name === 'body');
}
