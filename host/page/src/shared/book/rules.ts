// The rules of a policy, as its rule book has them.

import type { SourceLine } from '../links';
import type { Severity } from '../settings/settings';

export interface Condition {
  variables: [name: string, expression: string][];
  when?: string | null;
  forEach?: string | null;
  require: string;
  pointer?: string | null;
  header?: string | null;
  parameter?: string | null;
}

export interface BookRule {
  id: string;
  title: string;
  doc: string;
  status: number;
  /** Another option gives another status. */
  statusVaries: boolean;
  severity: { default: Severity; byOption: { option: string; severity: Severity }[] };
  /** It compares with a list that later versions of the API extend. */
  ages: boolean;
  /** None: every one. */
  operations: string[];
  kind: 'engine' | 'schema' | 'exists' | 'ifMatch' | 'condition';
  /** Of a condition; other kinds have none. */
  stage?: string | null;
  clause: string | null;
  inherited: boolean;
  pointers: string[];
  fields: string[];
  facts: { name: string; path: string }[];
  condition: Condition | null;
  /** Those that its expressions and its severity look at. */
  options: string[];
  place: SourceLine | null;
}

export interface BookOperation {
  id: string;
  method: string;
  path: string;
  rules: string[];
}

export interface Book {
  rules: BookRule[];
  operations: BookOperation[];
}

export interface BookFilter {
  text: string;
  operation: string;
  /** A stage, or a kind of rules that have none. */
  stage: string;
}

export const NO_FILTER: BookFilter = { text: '', operation: '', stage: '' };

/** The rules that a filter leaves; every word of its text must be somewhere in the rule. */
export function filtered(book: Book, { text, operation, stage }: BookFilter): BookRule[] {
  const words = text.toLowerCase().split(/\s+/).filter((word) => word !== '');
  const ids = new Set(book.operations.find(({ id }) => id === operation)?.rules);
  return book.rules.filter((rule) => {
    if (operation !== '' && !ids.has(rule.id)) return false;
    if (stage !== '' && stageOf(rule) !== stage) return false;
    const all = [rule.id, rule.title, rule.doc, rule.clause ?? '', rule.condition?.require ?? '', String(rule.status)].join('\n').toLowerCase();
    return words.every((word) => all.includes(word));
  });
}

/** The stage of a rule, or its kind where the stage is not known. */
export function stageOf(rule: BookRule): string {
  return rule.stage ?? rule.kind;
}
