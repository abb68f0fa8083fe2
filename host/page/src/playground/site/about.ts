// What the site is made of, as host/playground/src/site.rs writes it down.

import type { Book, BookOperation, BookRule } from '../../shared/book/rules';
import type { Severity } from '../../shared/settings/settings';
import type { Case } from '../cases/case';
import { fetchedJson, type ModuleFile } from '../files';
import type { PolicyModule } from '../messages';
import type { Linking } from '../policy/component';

export interface About {
  release: string;
  name: string;
  version: string;
  /** That which decision lines and metrics show. */
  digest: string;
  /** The digest is null where the browser tells none. */
  file: { sha256: string | null; bytes: number };
  modules: (PolicyModule & { bytes: number })[];
  linking: Linking;
  mostViolations: number;
  cases: string;
  caseCount: number;
  book: string;
  /** Where the bundle can be edited: its files, what compiles them, and the engine that they are baked with. */
  editing?: { files: string; compiler: ModuleFile & { bytes: number }; engine: ModuleFile & { bytes: number } };
}

/** The address of a file of the site, wherever that is hosted. */
export function addressOf(path: string): string {
  return new URL(path, document.baseURI).href;
}

export async function readAbout(): Promise<About> {
  return fetchedJson<About>(addressOf('playground.json'));
}

export async function readCases(about: About): Promise<Case[]> {
  return fetchedJson<Case[]>(addressOf(about.cases));
}

/** A rule as the site has it: a policy in another language says no more than the first members. */
interface Written {
  id: string;
  title: string;
  status: number;
  severity: { default: Severity; byOption?: [option: string, severity: Severity][] };
  operations: string[];
  clause: string | null;
  doc?: string;
  statusVaries?: boolean;
  ages?: boolean;
  kind?: BookRule['kind'];
  inherited?: boolean;
  pointers?: string[];
  fields?: string[];
  facts?: { name: string; path: string }[];
  condition?: (Partial<NonNullable<BookRule['condition']>> & { require: string; stage: string }) | null;
  options?: string[];
}

/** A rule book as the site has it. */
export interface WrittenBook {
  rules: Written[];
  operations: Omit<BookOperation, 'rules'>[];
}

export async function readBook(about: About): Promise<Book> {
  return bookOf(await fetchedJson<WrittenBook>(addressOf(about.book)));
}

export function bookOf(written: WrittenBook): Book {
  const rules = written.rules.map(ruleOf);
  const operations = written.operations.map((operation) => ({
    ...operation,
    rules: rules.filter((rule) => rule.operations.includes(operation.id)).map((rule) => rule.id),
  }));
  return { rules, operations };
}

function ruleOf({ severity, condition, ...rule }: Written): BookRule {
  const byOption = (severity.byOption ?? []).map(([option, value]) => ({ option, severity: value }));
  return {
    doc: '',
    statusVaries: false,
    ages: false,
    kind: 'engine',
    inherited: false,
    pointers: [],
    fields: [],
    facts: [],
    options: [],
    ...rule,
    severity: { default: severity.default, byOption },
    stage: condition?.stage ?? null,
    condition:
      condition == null
        ? null
        : { variables: [], when: null, forEach: null, pointer: null, header: null, parameter: null, ...condition },
    place: null,
  };
}
