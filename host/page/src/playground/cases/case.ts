// The cases that a policy's file carries, and in what a verdict differs from the expected one.

import type { Given } from '../judging/given';

export interface Case extends Given {
  name: string;
  file: string;
  line: number;
  expect: Expect;
}

/** What is null or empty is not checked. */
export interface Expect {
  /** Of a denial; null: the request is allowed. */
  status: number | null;
  rules: string[] | null;
  pointers: string[];
  header: string | null;
  parameter: string | null;
  mentions: string[];
  omits: string[];
  warns: string[] | null;
  audits: string[] | null;
  /** Response fields of a denial, names in lower case. */
  fields: Record<string, string>;
  asks: string[] | null;
}

/** One point in which a verdict is not the one expected: `member` is that of `expect`. */
export interface Difference {
  member: string;
  /** Of a header field of the answer. */
  field?: string;
  expected: unknown;
  found?: unknown;
}
