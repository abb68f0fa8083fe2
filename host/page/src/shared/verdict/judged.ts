// A verdict and how it came about, in the shape of `solgate explain --format json`.

import type { SourceLine } from '../links';
import type { Severity } from '../settings/settings';

/** Where in the request; no member stands for the request as a whole. */
export interface Place {
  pointer?: string;
  header?: string;
  parameter?: string;
}

export interface Violation extends Place {
  rule: string;
  detail: string;
  clause?: string;
}

export interface Problem {
  status: number;
  title: string;
  detail: string;
  violations?: Violation[];
  [member: string]: unknown;
}

export interface Finding extends Violation {
  severity: Severity;
  status: number;
}

export const STAGES = [
  ['uriLength', 'URI length'],
  ['route', 'Route'],
  ['version', 'Version'],
  ['authorization', 'Authorization'],
  ['access', 'Access'],
  ['head', 'Head'],
  ['query', 'Query'],
  ['content', 'Content'],
  ['json', 'JSON'],
  ['body', 'Body'],
  ['facts', 'Facts'],
  ['existence', 'Existence'],
  ['ifMatch', 'If-Match'],
  ['state', 'State'],
] as const;
export type StageName = (typeof STAGES)[number][0];

export function stageWords(stage: string): string {
  return STAGES.find(([name]) => name === stage)?.[1] ?? stage;
}

export type RuleResult = 'off' | 'excluded' | 'notApplicable' | 'held' | 'failed' | 'notEvaluated' | 'waits' | 'leftOut';

export interface RuleTrace {
  rule: string;
  severity: Severity;
  result: RuleResult;
  because?: string;
  items?: number;
  error?: string;
  place?: { member: string; part?: string; item?: number };
  facts?: string[];
  failures?: ({ severity: Severity; status: number; detail: string } & Place)[];
  values?: { expression: string; value: string }[];
}

export interface StageTrace {
  stage: StageName;
  rules: RuleTrace[];
}

export interface Evaluation {
  policy?: string;
  endedBy: StageName | null;
  stages: StageTrace[];
}

export interface Explanation {
  apiRoot: string | null;
  path: Record<string, string>;
  deniedIn: StageName | null;
  asked: { name: string; rules: string[] }[];
  missing: { name: string; target: string | null; example: unknown }[];
  evaluations: Evaluation[];
}

export interface Judged {
  /** `unknown`: facts are missing. */
  verdict: 'allow' | 'deny' | 'unknown';
  status: number | null;
  operation: string | null;
  problem: Problem | null;
  /** The header fields of the answer. */
  fields: Record<string, string> | null;
  findings: Finding[];
  facts: { name: string; outcome: string }[];
  policies: { name: string; digest: string }[];
  /** Null if the policy does not say how it comes to its verdicts. */
  explanation: Explanation | null;
  /** Where rules are written. */
  places?: Record<string, SourceLine>;
  titles?: Record<string, string>;
  milliseconds?: number;
}

/** A place in words. */
export function placeWords(place: Place): string {
  if (place.pointer !== undefined) return place.pointer === '' ? 'the body' : `body ${place.pointer}`;
  if (place.header !== undefined) return `header field ${place.header}`;
  if (place.parameter !== undefined) return `parameter ${place.parameter}`;
  return 'the request';
}
