// What the page and its worker say to each other.

import type { ModuleFile } from './files';
import type { Case, Difference } from './cases/case';
import type { Denial, Finding, FactQuery, Manifest } from './policy/contract';
import type { Linking } from './policy/component';
import type { Given } from './judging/given';

/** The worker answers each with one `Answer` of the same `id`. */
export type Ask = { id: number } & Question;

export type Question =
  | { ask: 'load'; policy: PolicyFiles }
  | { ask: 'judge'; given: Given }
  | { ask: 'run'; case: Case };

/** Where the parts of the policy are, and what is done with them. */
export interface PolicyFiles {
  modules: readonly PolicyModule[];
  linking: Linking;
  /** Of one outcome, as in a gate. */
  mostViolations: number;
}

/** A core module: one of the site, or what was baked in the page. */
export interface PolicyModule extends ModuleFile {
  content?: ArrayBuffer;
}

export type Answer = { id: number } & (
  | { said: 'loaded'; manifest: Manifest; milliseconds: number }
  | { said: 'judged'; ran: Ran }
  | { said: 'run'; ran: Ran; differences: Difference[] }
  | { said: 'failed'; why: string }
);

/** What became of a request. */
export type Ran = { asked: string[]; milliseconds: number } & (
  | { verdict: 'allow'; findings: Finding[] }
  | { verdict: 'deny'; denial: Denial }
  /** The verdict depends on facts that nobody has given. */
  | { verdict: 'need'; missing: FactQuery[] }
  | { verdict: 'none'; fault: Fault }
);

/** Why there is no verdict; a gate answers 500 with the rule of this name. */
export interface Fault {
  rule: 'gate.policy-trap' | 'gate.policy-outcome' | 'gate.policy-deadline';
  why: string;
}
