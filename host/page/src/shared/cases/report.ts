// What became of the cases, in the shape of `solgate test --coverage --format json`.

export interface Difference {
  member: string;
  /** Of a header field of the answer. */
  field?: string;
  expected: unknown;
  found?: unknown;
}

export interface CaseResult {
  file: string;
  line: number;
  name: string;
  result: 'passed' | 'failed' | 'noVerdict';
  differences?: Difference[];
  /** What the answer said. */
  details?: string[];
  /** Why there is no verdict. */
  reason?: string;
  /** How it came about, rule by rule. */
  reasons?: { rule: string; what: string; lines: string[] }[];
  milliseconds: number;
}

export interface RuleCoverage {
  rule: string;
  standing: 'counted' | 'schema' | 'inherited' | 'off';
  /** In how many cases it failed, and held. */
  failed: number;
  passed: number;
}

export interface Coverage {
  percent: number;
  /** Of what rules have to show, how much cases have shown. */
  shown: number;
  of: number;
  neverFailed: string[];
  neverPassed: string[];
  rules: RuleCoverage[];
}

export interface Report {
  policy: { name: string; version: string; digest: string };
  passed: number;
  failed: number;
  withoutVerdict: number;
  notSelected: number;
  milliseconds: number;
  cases: CaseResult[];
  coverage: Coverage | null;
}

/** Covered: it fails in a case, and holds in another. */
export type Cover = 'covered' | 'half' | 'never' | 'other';

export function coverOf(rule: RuleCoverage): Cover {
  if (rule.standing !== 'counted') return 'other';
  if (rule.failed > 0 && rule.passed > 0) return 'covered';
  return rule.failed > 0 || rule.passed > 0 ? 'half' : 'never';
}

export const COVERS: Record<Cover, { sign: string; words: string; mark: string }> = {
  covered: { sign: '✓', words: 'covered', mark: 'good' },
  half: { sign: '½', words: 'half covered', mark: 'warn' },
  never: { sign: '✗', words: 'uncovered', mark: 'bad' },
  other: { sign: '–', words: 'not counted', mark: '' },
};

const NOT_COUNTED = { schema: 'of a schema', inherited: 'as the extended bundle has it', off: 'off in every case' };

export function coverWords(rule: RuleCoverage): string {
  const why = rule.standing === 'counted' ? COVERS[coverOf(rule)].words : `${NOT_COUNTED[rule.standing]}, not counted`;
  const times = (count: number) => (count === 0 ? 'in no case' : count === 1 ? 'in 1 case' : `in ${count} cases`);
  return `${why}: fails ${times(rule.failed)}, holds ${times(rule.passed)}`;
}
