// Files are opened, edited, compiled as they are edited, and saved.

import { server } from '../server/client';
import { overlayOf, problemOf, type OpenFile, type Store } from './store';

/** Pause in typing after which is compiled. */
const PAUSE_MS = 250;

export async function begin(store: Store): Promise<void> {
  try {
    store.set({ info: await server.workbench() });
  } catch (error) {
    store.set({ fault: problemOf(error) });
    return;
  }
  compileSoon(store, 0);
}

/** Reads the file, if it is not open already. */
export async function open(store: Store, path: string): Promise<void> {
  if (path in store.state.files) return;
  const { text, readOnly } = await server.file(path);
  if (!(path in store.state.files)) put(store, path, { read: text, text, revision: 0, readOnly, theirs: null });
}

/** A file that is not on the disk yet; it is there when it is saved. */
export function create(store: Store, path: string): void {
  if (!(path in store.state.files)) put(store, path, { read: null, text: '', revision: 0, readOnly: false, theirs: null });
}

export function edit(store: Store, path: string, text: string): void {
  const file = store.state.files[path];
  if (file === undefined || file.text === text) return;
  put(store, path, { ...file, text });
  compileSoon(store, PAUSE_MS);
}

/** Forgets what was edited: what was read holds again. */
export function discard(store: Store, path: string): void {
  const file = store.state.files[path];
  if (file?.read === null) store.set({ files: without(store.state.files, path) });
  else if (file !== undefined) put(store, path, { ...file, text: file.read, revision: file.revision + 1, theirs: null });
  compileSoon(store, 0);
}

/** Saves it, if nobody else has changed it on the disk. */
export async function save(store: Store, path: string): Promise<void> {
  const file = store.state.files[path];
  if (file === undefined || file.readOnly || file.text === file.read) return;
  try {
    await server.save(path, file.text, file.read);
  } catch (error) {
    const problem = problemOf(error);
    const conflict = problem.status === 409 && problem.text !== undefined;
    if (!conflict) throw error;
    put(store, path, { ...(store.state.files[path] ?? file), theirs: { text: problem.text ?? null } });
    store.set({ said: `${path} is not saved: the file on the disk has changed.` });
    return;
  }
  const now = store.state.files[path] ?? file;
  put(store, path, { ...now, read: file.text, theirs: null });
  store.set({ said: `${path} is saved.`, info: await server.workbench() });
}

/** Of a conflict: the text of the disk is taken, and what was edited is lost. */
export function takeTheirs(store: Store, path: string): void {
  const file = store.state.files[path];
  if (file?.theirs === undefined || file.theirs === null) return;
  const { text } = file.theirs;
  if (text === null) store.set({ files: without(store.state.files, path) });
  else put(store, path, { ...file, read: text, text, revision: file.revision + 1, theirs: null });
  compileSoon(store, 0);
}

/** Of a conflict: what was edited replaces what the disk has. */
export async function overwrite(store: Store, path: string): Promise<void> {
  const file = store.state.files[path];
  if (file?.theirs === undefined || file.theirs === null) return;
  put(store, path, { ...file, read: file.theirs.text, theirs: null });
  await save(store, path);
}

function put(store: Store, path: string, file: OpenFile): void {
  store.set({ files: { ...store.state.files, [path]: file } });
}

function without(files: Readonly<Record<string, OpenFile>>, path: string): Record<string, OpenFile> {
  return Object.fromEntries(Object.entries(files).filter(([other]) => other !== path));
}

let timer: ReturnType<typeof setTimeout> | undefined;
let running: AbortController | undefined;

function compileSoon(store: Store, milliseconds: number): void {
  clearTimeout(timer);
  store.set({ compiling: true });
  timer = setTimeout(() => void compile(store), milliseconds);
}

async function compile(store: Store): Promise<void> {
  running?.abort();
  const mine = new AbortController();
  running = mine;
  try {
    const compiled = await server.compile(overlayOf(store.state), mine.signal);
    if (running !== mine) return;
    // With mistakes, the places of the last text without any hold, as far as the editor can tell.
    store.set({ compiled, compiling: false, compileFault: null, places: compiled.ok ? compiled.places : store.state.places });
  } catch (error) {
    // A later text is compiled instead.
    if (mine.signal.aborted || running !== mine) return;
    const problem = problemOf(error);
    store.set(problem.superseded === true ? {} : { compiling: false, compileFault: problem });
  }
}
