// What the workbench knows, in one place; the views show it, and the other files here change it.

import { createContext } from 'preact';
import { useContext, useEffect, useState } from 'preact/hooks';
import type { Report } from '../../shared/cases/report';
import type { Compiled } from '../../shared/files/compiled';
import type { SourceLine } from '../../shared/links';
import { EMPTY_DRAFT, type Draft } from '../../shared/request/question';
import type { Judged } from '../../shared/verdict/judged';
import type { LogSource, ProblemDetails, WorkbenchInfo } from '../server/contract';
import { Refusal, type Overlay } from '../server/client';

export interface OpenFile {
  /** As it was read from the disk, or saved; null: it is not there yet. */
  read: string | null;
  text: string;
  /** Counts the texts that did not come from the editor. */
  revision: number;
  readOnly: boolean;
  /** Somebody else changed it: what the disk has; its text is null if the file is gone. */
  theirs: { text: string | null } | null;
}

export interface State {
  info: WorkbenchInfo | null;
  /** What keeps the workbench from showing anything. */
  fault: ProblemDetails | null;
  files: Readonly<Record<string, OpenFile>>;
  /** Of the last text that was compiled. */
  compiled: Compiled | null;
  compiling: boolean;
  compileFault: ProblemDetails | null;
  draft: Draft;
  judging: boolean;
  judged: Judged | null;
  judgeFault: ProblemDetails | null;
  /** The cases that run. */
  running: string | null;
  report: Report | null;
  /** Where rules are written, in the last text that compiled. */
  places: Record<string, SourceLine>;
  caseFault: ProblemDetails | null;
  /** The decision log that is replayed. */
  log: { name: string; source: LogSource } | null;
  /** Said once to those who cannot see the page. */
  said: string;
}

const BEGINNING: State = {
  info: null,
  fault: null,
  files: {},
  compiled: null,
  compiling: false,
  compileFault: null,
  draft: EMPTY_DRAFT,
  judging: false,
  judged: null,
  judgeFault: null,
  running: null,
  report: null,
  places: {},
  caseFault: null,
  log: null,
  said: '',
};

export class Store {
  #state = BEGINNING;
  readonly #listeners = new Set<() => void>();

  get state(): State {
    return this.#state;
  }

  set(part: Partial<State>): void {
    this.#state = { ...this.#state, ...part };
    for (const listener of this.#listeners) listener();
  }

  listen(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
}

/** The texts that are edited and not saved. */
export function overlayOf(state: State): Overlay {
  const edited = Object.entries(state.files).filter(([, file]) => file.text !== file.read);
  return Object.fromEntries(edited.map(([path, file]) => [path, file.text]));
}

export function isEdited(file: OpenFile | undefined): boolean {
  return file !== undefined && file.text !== file.read;
}

/** What was refused, for people; anything else is a fault of the page, and is thrown on. */
export function problemOf(error: unknown): ProblemDetails {
  if (error instanceof Refusal) return error.problem;
  throw error;
}

export const StoreContext = createContext(new Store());

export function useStore(): Store {
  return useContext(StoreContext);
}

export function useWorkbench(): State {
  const store = useStore();
  const [state, setState] = useState(store.state);
  useEffect(() => {
    setState(store.state);
    return store.listen(() => setState(store.state));
  }, [store]);
  return state;
}
