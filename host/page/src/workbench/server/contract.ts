// What `solgate ui` answers (host/workbench). Shapes that other pages have too are in ../shared.

import type { Diagnostic, FileEntry } from '../../shared/files/compiled';
import type { Question } from '../../shared/request/question';

export interface WorkbenchInfo {
  release: string;
  /** Null while the bundle on disk has mistakes. */
  name: string | null;
  version: string | null;
  digest: string | null;
  kind: 'bundle' | 'file';
  path: string;
  readOnly: boolean;
  /** False: a policy in another language, which carries no bundle. */
  bundle: boolean;
  /** Decision logs that were named at the start. */
  logs: string[];
  files: FileEntry[];
}

export interface FileText {
  path: string;
  text: string;
  readOnly: boolean;
}

export interface Example {
  name: string;
  file: string;
  line: number;
  method: string;
  target: string;
  verdict: 'allow' | 'deny';
  status: number | null;
}

/** A case or a record, as `judge` takes it. */
export interface ExampleQuestion extends Question {
  name: string | null;
}

export interface StateCell {
  /** Null: the state alone does not decide. */
  allowed: boolean | null;
  refused: string[];
  depends: string[];
}

export interface StateOperation {
  operation: string;
  method: string;
  path: string;
  rules: string[];
  states: Record<string, StateCell>;
}

export interface StateFact {
  fact: string;
  path: string;
  member: string;
  states: string[];
  operations: StateOperation[];
}

export type LogSource = { name: string } | { text: string };

export interface ReplayFilter {
  operation?: string;
  verdict?: 'allow' | 'deny';
  rule?: string;
  text?: string;
  disagreeing?: boolean;
}

export interface Said {
  allowed: boolean;
  status: number | null;
  rules: string[];
  findings: string[];
}

export interface ReplayRecord {
  line: number;
  time: string;
  id: string | null;
  operation: string | null;
  method: string;
  target: string;
  /** Null: not judged again. */
  same: boolean | null;
  then: Said;
  now: Said | null;
  reason: string | null;
}

export interface Replayed {
  total: number;
  same: number;
  different: number;
  notJudged: number;
  reasons: { reason: string; count: number }[];
  kinds: { count: number; operation: string; then: Said; now: Said }[];
  /** Records that the filter leaves. */
  matching: number;
  milliseconds: number;
  records: ReplayRecord[];
}

export interface ProblemDetails {
  status: number;
  title: string;
  detail: string;
  /** The bundle has mistakes. */
  diagnostics?: Diagnostic[];
  /** Of a file that is another one on the disk; null if it is gone. */
  text?: string | null;
  superseded?: boolean;
}
