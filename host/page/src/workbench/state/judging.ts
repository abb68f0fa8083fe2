// Requests are judged, and cases are run, with the files as they are edited.

import { draftOf, questionOf, slipsOf, type Draft, type Question } from '../../shared/request/question';
import type { CaseResult, Report } from '../../shared/cases/report';
import { server } from '../server/client';
import { packed } from './link';
import { go } from '../../shared/route';
import { address } from './route';
import { overlayOf, problemOf, type Store } from './store';

let judging: AbortController | undefined;

/** Judges the request of the form, and puts it into the address. */
export async function judge(store: Store, draft: Draft): Promise<void> {
  if (slipsOf(draft).facts !== undefined) {
    store.set({ said: 'The request is not judged: the facts cannot be read.' });
    return;
  }
  judging?.abort();
  const mine = new AbortController();
  judging = mine;
  const question = questionOf(draft);
  store.set({ draft, judging: true, judgeFault: null });
  keepAddress(question);
  try {
    const judged = await server.judge(overlayOf(store.state), question, mine.signal);
    const title = judged.problem === null ? '' : `: ${judged.problem.title}`;
    const words = { allow: 'Allowed', deny: `Denied ${judged.status ?? ''}${title}`, unknown: 'Not judged: facts are missing' };
    store.set({ judged, judging: false, said: words[judged.verdict] });
  } catch (error) {
    if (mine.signal.aborted) return;
    store.set({ judged: null, judging: false, judgeFault: problemOf(error) });
  }
}

/** Reads a request from elsewhere, and judges it, unless one has gone on meanwhile. */
export async function judgeRead(store: Store, read: Promise<Question>, gone: () => boolean): Promise<void> {
  judging?.abort();
  const mine = new AbortController();
  judging = mine;
  store.set({ judged: null, judging: true, judgeFault: null });
  try {
    const question = await read;
    if (!gone()) await judge(store, draftOf(question));
  } catch (error) {
    if (!gone()) store.set({ judgeFault: problemOf(error) });
  }
  if (judging === mine) store.set({ judging: false });
}

function keepAddress(question: Question): void {
  const ask = packed(question);
  go(address('request', '', ask === null ? {} : { ask }), location.hash.startsWith('#/request') ? 'replace' : 'push');
}

/** Runs all cases, or the one that is named. */
export async function runCases(store: Store, only: { file: string; name: string } | null): Promise<void> {
  if (store.state.running !== null) return;
  store.set({ running: only === null ? 'The cases run' : `The case “${only.name}” runs`, caseFault: null });
  try {
    const report = await server.cases(overlayOf(store.state), only);
    const known = store.state.report;
    const merged = only === null || known === null ? report : withCases(known, report.cases);
    store.set({ running: null, report: merged, said: outcome(report) });
  } catch (error) {
    store.set({ running: null, caseFault: problemOf(error) });
  }
}

function outcome(report: Report): string {
  return `${report.passed} passed, ${report.failed + report.withoutVerdict} failed`;
}

/** The report with newer results of some cases; the coverage is still that of the whole run. */
function withCases(known: Report, newer: CaseResult[]): Report {
  const others = known.cases.filter((old) => !newer.some((each) => each.file === old.file && each.name === old.name));
  const cases = [...others, ...newer].sort((a, b) => (a.file === b.file ? a.line - b.line : a.file < b.file ? -1 : 1));
  const count = (result: CaseResult['result']) => cases.filter((each) => each.result === result).length;
  return { ...known, cases, passed: count('passed'), failed: count('failed'), withoutVerdict: count('noVerdict') };
}
