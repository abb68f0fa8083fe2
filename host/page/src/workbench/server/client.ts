// Asks `solgate ui`. What it refuses is thrown in its own words.

import type { CompletionItem, Explained } from '../../shared/editor/assistance';
import type { Position } from '../../shared/editor/positions';
import type { Compiled } from '../../shared/files/compiled';
import type { Book } from '../../shared/book/rules';
import type { Report } from '../../shared/cases/report';
import type { Question } from '../../shared/request/question';
import type { SettingDefinitions } from '../../shared/settings/settings';
import type { Judged } from '../../shared/verdict/judged';
import type {
  Example, ExampleQuestion, FileText, LogSource, ProblemDetails, Replayed, ReplayFilter, StateFact, WorkbenchInfo,
} from './contract';

/** Files that are edited and not saved: their texts by path. */
export type Overlay = Readonly<Record<string, string>>;

/** A refusal of the server, or that it cannot be reached. */
export class Refusal extends Error {
  constructor(readonly problem: ProblemDetails) {
    super(problem.detail);
  }
}

const page = crypto.randomUUID();

export const server = {
  workbench: () => get<WorkbenchInfo>('workbench'),
  file: (path: string) => get<FileText>(`files/${segments(path)}`),
  save: (path: string, text: string, was: string | null) => send<{ saved: boolean }>('PUT', `files/${segments(path)}`, { text, was }),
  compile: (files: Overlay, signal: AbortSignal) => post<Compiled>('compile', { files, page }, signal),
  complete: (files: Overlay, path: string, position: Position) => post<{ items: CompletionItem[] }>('complete', { files, path, position }),
  explain: (files: Overlay, path: string, position: Position) => post<Explained>('hover', { files, path, position }),
  judge: (files: Overlay, question: Question, signal?: AbortSignal) => post<Judged>('judge', { files, ...question }, signal),
  examples: (files: Overlay, signal?: AbortSignal) => post<{ examples: Example[] }>('examples', { files }, signal),
  example: (files: Overlay, file: string, name: string) => post<ExampleQuestion>('example', { files, file, name }),
  /** All cases, or one. */
  cases: (files: Overlay, only: { file: string; name: string } | null, signal?: AbortSignal) =>
    post<Report>('cases', only === null ? { files } : { files, only }, signal),
  book: (files: Overlay, signal?: AbortSignal) => post<Book>('book', { files }, signal),
  states: (files: Overlay, options: Record<string, unknown>, signal?: AbortSignal) => post<{ facts: StateFact[] }>('states', { files, options }, signal),
  options: (files: Overlay, signal?: AbortSignal) => post<SettingDefinitions>('options', { files }, signal),
  replay: (files: Overlay, log: LogSource, filter: ReplayFilter, limit: number, offset: number, signal?: AbortSignal) =>
    post<Replayed>('replay', { files, log, filter, limit, offset }, signal),
  record: (log: LogSource, line: number) => post<ExampleQuestion>('record', { log, line }),
  async export(files: Overlay): Promise<{ file: Blob; name: string; digest: string }> {
    const answer = await ask('POST', 'export', { files });
    const name = /filename="([^"]+)"/.exec(answer.headers.get('content-disposition') ?? '')?.[1] ?? 'policy.wasm';
    return { file: await answer.blob(), name, digest: answer.headers.get('x-solgate-digest') ?? '' };
  },
};

function segments(path: string): string {
  return path.split('/').map(encodeURIComponent).join('/');
}

function get<T>(path: string): Promise<T> {
  return send<T>('GET', path);
}

function post<T>(path: string, body: unknown, signal?: AbortSignal): Promise<T> {
  return send<T>('POST', path, body, signal);
}

async function send<T>(method: string, path: string, body?: unknown, signal?: AbortSignal): Promise<T> {
  const answer = await ask(method, path, body, signal);
  return (await answer.json()) as T;
}

async function ask(method: string, path: string, body?: unknown, signal?: AbortSignal): Promise<Response> {
  const request: RequestInit = { method, headers: { accept: 'application/json' } };
  if (body !== undefined) {
    request.headers = { ...request.headers, 'content-type': 'application/json' };
    request.body = JSON.stringify(body);
  }
  if (signal !== undefined) request.signal = signal;
  let answer: Response;
  try {
    answer = await fetch(`/api/${path}`, request);
  } catch (error) {
    if (signal?.aborted === true) throw error;
    throw new Refusal({
      status: 0,
      title: 'The workbench cannot be reached',
      detail: 'solgate ui does not answer. It may have ended: start it again in the terminal, and open the address that it prints.',
    });
  }
  if (!answer.ok) throw new Refusal(await problemOf(answer));
  return answer;
}

async function problemOf(answer: Response): Promise<ProblemDetails> {
  const text = await answer.text();
  try {
    const problem = JSON.parse(text) as Partial<ProblemDetails>;
    if (typeof problem.title === 'string') return { detail: '', status: answer.status, ...problem } as ProblemDetails;
  } catch {
    // Not of the workbench itself; shown as it is.
  }
  return { status: answer.status, title: `The workbench answered ${answer.status}`, detail: text.slice(0, 500) };
}
