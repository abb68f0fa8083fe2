// A request with what is known beside it, as a policy is asked, and as people type it.

import type { Settings } from '../settings/settings';

export type Mode = 'enforce' | 'monitor';

/** Who calls, as far as a door has verified it. */
export interface Caller {
  subject?: string | null;
  tenant?: string | null;
  roles?: string[];
  scopes?: string[];
  certificateNames?: string[];
  sourceAddress?: string | null;
}

export interface RequestParts {
  method: string;
  target: string;
  headers: [name: string, value: string][];
  /** Null: there is none. */
  body: string | null;
  /** A door stopped reading the body, because it is too large. */
  bodyIncomplete?: boolean;
}

export interface Question extends Settings {
  request: RequestParts;
  /** By name, as `solgate check --facts` takes them. */
  facts: Record<string, unknown>;
  /** In the form of RFC 3339; null: now. */
  receivedAt: string | null;
  caller: Caller | null;
  mode: Mode | null;
}

/** A question as it stands in a form. */
export interface Draft extends Settings {
  method: string;
  target: string;
  headers: [name: string, value: string][];
  body: string;
  bodyIncomplete: boolean;
  /** JSON. */
  facts: string;
  receivedAt: string;
  /** Lists have one entry a line. */
  caller: Record<CallerPart, string>;
  mode: Mode;
}

export const CALLER_PARTS = ['subject', 'tenant', 'roles', 'scopes', 'certificateNames', 'sourceAddress'] as const;
export type CallerPart = (typeof CALLER_PARTS)[number];
const LISTS: ReadonlySet<CallerPart> = new Set(['roles', 'scopes', 'certificateNames']);

export function isList(part: CallerPart): boolean {
  return LISTS.has(part);
}

const NOBODY: Draft['caller'] = { subject: '', tenant: '', roles: '', scopes: '', certificateNames: '', sourceAddress: '' };

export const EMPTY_DRAFT: Draft = {
  method: 'POST',
  target: '',
  headers: [],
  body: '',
  bodyIncomplete: false,
  facts: '',
  receivedAt: '',
  caller: NOBODY,
  mode: 'enforce',
  options: {},
  severities: {},
};

export function draftOf(question: Question): Draft {
  const caller = { ...NOBODY };
  for (const part of CALLER_PARTS) {
    const value = question.caller?.[part];
    caller[part] = Array.isArray(value) ? value.join('\n') : (value ?? '');
  }
  const { request, facts } = question;
  return {
    ...request,
    body: request.body ?? '',
    bodyIncomplete: request.bodyIncomplete ?? false,
    facts: Object.keys(facts).length === 0 ? '' : JSON.stringify(facts, null, 2),
    receivedAt: question.receivedAt ?? '',
    caller,
    mode: question.mode ?? 'enforce',
    options: question.options,
    severities: question.severities,
  };
}

/** What of a draft cannot be asked, in words, by member. */
export interface Slips {
  facts?: string;
}

export function slipsOf(draft: Draft): Slips {
  const facts = factsOf(draft.facts);
  return typeof facts === 'string' ? { facts } : {};
}

/** The question of a draft without slips. */
export function questionOf(draft: Draft): Question {
  const facts = factsOf(draft.facts);
  return {
    request: {
      method: draft.method.trim(),
      target: draft.target.trim(),
      headers: draft.headers.filter(([name]) => name.trim() !== '').map(([name, value]) => [name.trim(), value.trim()]),
      body: draft.body === '' ? null : draft.body,
      ...(draft.bodyIncomplete ? { bodyIncomplete: true } : {}),
    },
    facts: typeof facts === 'string' ? {} : facts,
    receivedAt: draft.receivedAt.trim() === '' ? null : draft.receivedAt.trim(),
    caller: callerOf(draft.caller),
    mode: draft.mode,
    options: draft.options,
    severities: draft.severities,
  };
}

/** The draft with one more fact; the facts are left as they are if they cannot be read. */
export function withFact(draft: Draft, name: string, value: unknown): Draft {
  const facts = factsOf(draft.facts);
  return typeof facts === 'string' ? draft : { ...draft, facts: JSON.stringify({ ...facts, [name]: value }, null, 2) };
}

function factsOf(text: string): Record<string, unknown> | string {
  if (text.trim() === '') return {};
  try {
    const facts: unknown = JSON.parse(text);
    const isObject = typeof facts === 'object' && facts !== null && !Array.isArray(facts);
    return isObject ? (facts as Record<string, unknown>) : 'Expected a JSON object with a member for each fact.';
  } catch (error) {
    return `The facts are not JSON: ${error instanceof Error ? error.message : String(error)}`;
  }
}

function callerOf(caller: Draft['caller']): Caller | null {
  const known: [CallerPart, string | string[]][] = [];
  for (const part of CALLER_PARTS) {
    const lines = caller[part].split('\n').map((line) => line.trim()).filter((line) => line !== '');
    if (lines.length > 0) known.push([part, isList(part) ? lines : lines.join(' ')]);
  }
  return known.length === 0 ? null : Object.fromEntries(known);
}
