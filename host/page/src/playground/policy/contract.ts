// wit/policy.wit in TypeScript: what a policy is given, and what it answers.

import { bool, enumeration, list, option, record, string, tuple, u16, u32, u64, u8, variant } from './types';
import type { Type } from './types';

// ---- as values -------------------------------------------------------------------

export type Pair = { name: string; value: string };

export type Request = {
  method: string;
  target: string;
  /** A line each: the name in lower case, a colon, a space, the value, a line feed. */
  fields: string;
  body: Uint8Array;
  bodyComplete: boolean;
};

export type Caller = {
  subject: string | null;
  tenant: string | null;
  roles: string[];
  scopes: string[];
  certificateNames: string[];
  sourceAddress: string | null;
};

export type FactAnswer =
  | { tag: 'found'; value: { etag: string | null; body: Uint8Array } }
  | { tag: 'absent' | 'withheld' | 'unavailable' };

export type Fact = { name: string; answer: FactAnswer };
export type Severity = 'off' | 'audit' | 'warn' | 'deny';
export type Setting = { tag: 'option'; value: Pair } | { tag: 'severity'; value: [string, Severity] };
export type Mode = 'enforce' | 'monitor';

export type Context = {
  /** Milliseconds since 1970-01-01T00:00:00Z. */
  receivedAt: number;
  mode: Mode;
  caller: Caller | null;
  facts: Fact[];
  settings: Setting[];
};

export type Location = { tag: 'request' } | { tag: 'body' | 'header' | 'query' | 'path'; value: string };
export type Violation = { rule: string; location: Location; detail: string; clause: string | null };
export type Finding = { severity: Severity; status: number; violation: Violation };

export type Denial = {
  status: number;
  rule: string;
  title: string;
  detail: string;
  violations: Violation[];
  fields: Pair[];
  findings: Finding[];
};

export type FactQuery = { name: string; variables: Pair[] };

export type Outcome =
  | { tag: 'allow'; value: Finding[] }
  | { tag: 'deny'; value: Denial }
  | { tag: 'need'; value: FactQuery[] };

export type Operation = { id: string; method: string; path: string };
export type FactTemplate = {
  name: string;
  path: string;
  query: [string, string | null][];
  plainOn400: boolean;
  members: string[];
  isList: boolean;
};
export type OptionDefinition = { name: string; default: string; values: string[]; doc: string };
export type RuleSummary = {
  id: string;
  severity: Severity;
  status: number;
  title: string;
  clause: string | null;
  operations: string[];
};

export type Manifest = {
  name: string;
  version: string;
  digest: string;
  fields: string[];
  apiRoots: string[];
  operations: Operation[];
  facts: FactTemplate[];
  options: OptionDefinition[];
  rules: RuleSummary[];
  limits: { bodyBytes: number; targetBytes: number; depth: number };
  secrets: { pointer: string; secret: boolean }[];
};

// ---- as types --------------------------------------------------------------------

const pair = record({ name: string, value: string });
const severity = enumeration('off', 'audit', 'warn', 'deny');

const request = record({
  method: string,
  target: string,
  fields: string,
  body: list(u8),
  'body-complete': bool,
});

const caller = record({
  subject: option(string),
  tenant: option(string),
  roles: list(string),
  scopes: list(string),
  'certificate-names': list(string),
  'source-address': option(string),
});

const factAnswer = variant({
  found: record({ etag: option(string), body: list(u8) }),
  absent: null,
  withheld: null,
  unavailable: null,
});

const context = record({
  'received-at': u64,
  mode: enumeration('enforce', 'monitor'),
  caller: option(caller),
  facts: list(record({ name: string, answer: factAnswer })),
  settings: list(variant({ option: pair, severity: tuple(string, severity) })),
});

const violation = record({
  rule: string,
  location: variant({ request: null, body: string, header: string, query: string, path: string }),
  detail: string,
  clause: option(string),
});

const finding = record({ severity, status: u16, violation });

const denial = record({
  status: u16,
  rule: string,
  title: string,
  detail: string,
  violations: list(violation),
  fields: list(pair),
  findings: list(finding),
});

const outcome = variant({
  allow: list(finding),
  deny: denial,
  need: list(record({ name: string, variables: list(pair) })),
});

const manifest = record({
  name: string,
  version: string,
  digest: string,
  fields: list(string),
  'api-roots': list(string),
  operations: list(record({ id: string, method: string, path: string })),
  facts: list(
    record({
      name: string,
      path: string,
      query: list(tuple(string, option(string))),
      'plain-on-400': bool,
      members: list(string),
      'is-list': bool,
    }),
  ),
  options: list(record({ name: string, default: string, values: list(string), doc: string })),
  rules: list(
    record({
      id: string,
      severity,
      status: u16,
      title: string,
      clause: option(string),
      operations: list(string),
    }),
  ),
  limits: record({ 'body-bytes': u64, 'target-bytes': u32, depth: u32 }),
  secrets: list(record({ pointer: string, secret: bool })),
});

/** A function of the contract. What it is given takes more than 16 numbers, and what it returns more than one, so
 * that both lie in memory. */
export type Signature = { readonly parameters: readonly { name: string; type: Type }[]; readonly result: Type };

export const describe: Signature = { parameters: [], result: manifest };
export const evaluate: Signature = {
  parameters: [
    { name: 'request', type: request },
    { name: 'context', type: context },
  ],
  result: outcome,
};
