// The files of a bundle, and what the compiler says of them (host/page-data).

import type { Range } from '../editor/positions';
import type { SourceLine } from '../links';

export type Section = 'policy' | 'api' | 'rules' | 'cases' | 'data' | 'other';

export interface FileEntry {
  path: string;
  section: Section;
  readOnly: boolean;
}

export interface Diagnostic {
  path: string;
  range: Range;
  severity: 'error' | 'warning' | 'hint';
  message: string;
  help: string | null;
  related: { path: string; range: Range; message: string } | null;
}

export interface Compiled {
  ok: boolean;
  digest: string | null;
  name: string | null;
  version: string | null;
  rules: number;
  cases: number;
  diagnostics: Diagnostic[];
  /** Where each rule stands. */
  places: Record<string, SourceLine>;
}

/** What a file is to a bundle. */
export function sectionOf(path: string): Section {
  // Of a bundle that is extended, it is the same.
  const name = path.replace(/^(?:\.\.\/)+[^/]*\//, '');
  if (name === 'policy.yaml') return 'policy';
  if (name === 'openapi.yaml') return 'api';
  const folder = name.split('/')[0] ?? '';
  const known: Record<string, Section> = { dialects: 'api', rules: 'rules', tests: 'cases', lists: 'data', data: 'data' };
  return (name.includes('/') ? known[folder] : undefined) ?? 'other';
}

/** A number of things in words; empty for none. */
export function counted(count: number, name: string): string {
  return count === 0 ? '' : count === 1 ? `1 ${name}` : `${count} ${name}s`;
}

export function mistakesOf({ diagnostics }: Compiled): Diagnostic[] {
  return diagnostics.filter(({ severity }) => severity === 'error');
}
