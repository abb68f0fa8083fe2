// What the page knows and does: the site is read, the policy is loaded, requests are judged and
// cases are run.

import { useEffect, useReducer, useState } from 'preact/hooks';
import type { Book } from '../../shared/book/rules';
import type { CaseResult } from '../../shared/cases/report';
import type { Judged } from '../../shared/verdict/judged';
import type { Case } from '../cases/case';
import { details } from '../cases/differences';
import type { Given } from '../judging/given';
import type { Fault, Ran } from '../messages';
import { readAbout, readBook, readCases, type About } from './about';
import { chosen, first, given, Slip, type Chosen } from './draft';
import { judgedOf } from './judged';
import { Judge, type Loaded } from './worker';

export interface State {
  about: About | null;
  loaded: Loaded | null;
  cases: readonly Case[] | null;
  book: Book | null;
  /** Why the site does not work, in words. */
  broken: string | null;
  chosen: Chosen | null;
  judging: boolean;
  answer: Answered | null;
  /** By key of the case. */
  results: ReadonlyMap<string, CaseResult>;
  running: { done: number; of: number } | null;
  /** Milliseconds of all cases that have been run. */
  ranIn: number;
}

/** What became of the request: a verdict, a fault of the policy, or a slip in the form. */
export type Answered = { judged: Judged } | { fault: Fault } | { slip: string };

const BEGINNING: State = {
  about: null,
  loaded: null,
  cases: null,
  book: null,
  broken: null,
  chosen: null,
  judging: false,
  answer: null,
  results: new Map(),
  running: null,
  ranIn: 0,
};

export function keyOf({ file, name, line }: { file: string; name: string; line: number }): string {
  return `${file}\n${line}\n${name}`;
}

export class Playground {
  state: State = BEGINNING;
  private judge: Judge | null = null;
  private stopped = false;

  constructor(private readonly changed: () => void) {}

  /** Reads the site and judges a first request. */
  async begin(wanted: { file: string | null; name: string | null }): Promise<void> {
    try {
      const about = await readAbout();
      this.set({ about });
      this.judge = new Judge(about);
      const [loaded, cases] = await Promise.all([this.judge.load(), readCases(about)]);
      this.set({ loaded, cases });
      const begin = cases.find((one) => one.file === wanted.file && one.name === wanted.name) ?? cases.find(isTelling) ?? cases[0];
      await this.ask(begin === undefined ? first(loaded.manifest) : chosen(begin));
      const book = await readBook(about);
      // Another policy may have come with its own.
      if (this.state.book === null) this.set({ book });
    } catch (error) {
      this.set({ broken: wordsOf(error) });
    }
  }

  /** Judges by another policy from now on. */
  async take(about: About, cases: readonly Case[], book: Book): Promise<void> {
    const judge = new Judge(about);
    const loaded = await judge.load();
    this.stopped = true;
    this.judge?.end();
    this.judge = judge;
    this.set({ about, loaded, cases, book, results: new Map(), running: null, judging: false, answer: null });
    if (this.state.chosen !== null) await this.ask(this.state.chosen);
  }

  change(next: Chosen): void {
    this.set({ chosen: next });
  }

  /** Judges a request. */
  async ask(next: Chosen): Promise<void> {
    const { about, loaded, cases, judging } = this.state;
    const { judge } = this;
    this.set({ chosen: next });
    if (about === null || loaded === null || judge === null || judging) return;
    let asked: Given;
    try {
      asked = given(next);
    } catch (error) {
      if (!(error instanceof Slip)) throw error;
      this.set({ answer: { slip: error.message } });
      return;
    }
    this.set({ judging: true });
    try {
      const ran = await judge.judge(asked);
      if (judge !== this.judge) return;
      const judged = judgedOf(ran, asked, loaded.manifest, about.digest, cases ?? []);
      this.set({ answer: ran.verdict === 'none' ? { fault: ran.fault } : judged === null ? null : { judged } });
    } catch (error) {
      this.set({ broken: wordsOf(error) });
    } finally {
      if (judge === this.judge) this.set({ judging: false });
    }
  }

  /** Runs cases one after the other; what is shown changes after each moment. */
  async run(cases: readonly Case[]): Promise<void> {
    const { judge } = this;
    if (judge === null || this.state.running !== null) return;
    this.stopped = false;
    const results = new Map(this.state.results);
    const begun = performance.now();
    let shown = begun;
    this.set({ running: { done: 0, of: cases.length } });
    try {
      for (const [done, one] of cases.entries()) {
        if (this.stopped) break;
        const { ran, differences } = await judge.run(one);
        if (judge !== this.judge) return;
        results.set(keyOf(one), resultOf(one, ran, differences));
        if (performance.now() - shown > 100) {
          shown = performance.now();
          this.set({ running: { done: done + 1, of: cases.length }, results: new Map(results) });
        }
      }
    } catch (error) {
      this.set({ broken: wordsOf(error) });
    } finally {
      if (judge === this.judge) this.set({ running: null, results, ranIn: performance.now() - begun });
    }
  }

  /** Ends a run after the case that is judged. */
  stop(): void {
    this.stopped = true;
  }

  private set(part: Partial<State>): void {
    this.state = { ...this.state, ...part };
    this.changed();
  }
}

export function usePlayground(wanted: { file: string | null; name: string | null }): Playground {
  const [, changed] = useReducer((count: number, _: undefined) => count + 1, 0);
  const [playground] = useState(() => new Playground(() => changed(undefined)));
  useEffect(() => void playground.begin(wanted), [playground]);
  return playground;
}

/** A request that says most about the policy: one that is denied for something in its body. */
function isTelling({ expect, context }: Case): boolean {
  return expect.status !== null && expect.pointers.length > 0 && Object.keys(context.facts).length === 0;
}

function resultOf(one: Case, ran: Ran, differences: CaseResult['differences'] & object): CaseResult {
  const { file, line, name } = one;
  const result = { file, line, name, milliseconds: ran.milliseconds };
  if (ran.verdict === 'none') return { ...result, result: 'noVerdict', reason: ran.fault.why };
  if (ran.verdict === 'need') {
    const names = ran.missing.map((query) => `\`${query.name}\``).join(', ');
    return { ...result, result: 'noVerdict', reason: `The policy asks for ${names}, which the case does not give.` };
  }
  if (differences.length === 0) return { ...result, result: 'passed' };
  return { ...result, result: 'failed', differences, details: details(ran) };
}

function wordsOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
