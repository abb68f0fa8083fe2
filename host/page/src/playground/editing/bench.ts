// What is edited: the files, what the compiler says of them, and the policy that is made of them.

import { useEffect, useState } from 'preact/hooks';
import type { CompletionItem, Explained } from '../../shared/editor/assistance';
import type { Position } from '../../shared/editor/positions';
import { fetchedJson } from '../files';
import { addressOf, bookOf, type About } from '../site/about';
import type { Playground } from '../site/playground';
import { CompilerWorker } from './client';
import type { Baked, Bundle, Linted } from './messages';

/** Pause in typing after which is compiled, in milliseconds. */
const PAUSE = 250;

export interface OpenFile {
  /** As the site has it; null: the site has no such file. */
  original: string | null;
  /** Null: it is removed. */
  text: string | null;
  /** Counts the texts that did not come from the editor. */
  revision: number;
}

export interface BenchState {
  /** Null before the files are read. */
  files: Readonly<Record<string, OpenFile>> | null;
  /** Counts the changes. */
  generation: number;
  /** Of the last texts that were compiled. */
  compiled: { generation: number; linted: Linted } | null;
  /** What is being done, in words. */
  does: string | null;
  /** Why it did not work. */
  fault: string | null;
  /** Of the texts that are judged by; 0: those of the site. */
  judged: number;
}

export class Bench {
  state: BenchState = { files: null, generation: 0, compiled: null, does: null, fault: null, judged: 0 };
  private readonly worker = new CompilerWorker();
  private readonly listeners = new Set<() => void>();
  private about: About | null = null;
  private set: Bundle['set'] = [];
  private timer: ReturnType<typeof setTimeout> | undefined;
  private compiling = false;
  /** The page is being given another policy. */
  private taking = false;
  /** The last bundle that was baked. */
  private baked: { generation: number; baked: Baked } | null = null;

  listen(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** Reads the files of the site, once. */
  async open(about: About): Promise<void> {
    if (this.about !== null) return;
    this.about = about;
    try {
      if (about.editing === undefined) throw new Error('the site has no files to edit');
      this.put({ does: 'The files are read', fault: null });
      const { files, set } = await fetchedJson<Bundle>(addressOf(about.editing.files));
      this.set = set;
      const opened = Object.entries(files).map(([path, text]): [string, OpenFile] => [path, { original: text, text, revision: 0 }]);
      this.put({ files: Object.fromEntries(opened), does: null });
      await this.compile();
    } catch (error) {
      this.about = null;
      this.put({ does: null, fault: wordsOf(error) });
    }
  }

  edit(path: string, text: string): void {
    const file = this.state.files?.[path];
    if (file === undefined || file.text === text) return;
    this.change(path, { ...file, text }, PAUSE);
  }

  create(path: string): void {
    const known = this.state.files?.[path];
    this.change(path, { original: known?.original ?? null, text: '', revision: (known?.revision ?? 0) + 1 }, 0);
  }

  /** A file of the site can come back. */
  remove(path: string): void {
    const file = this.state.files?.[path];
    if (file !== undefined) this.change(path, file.original === null ? null : { ...file, text: null, revision: file.revision + 1 }, 0);
  }

  /** What the site has holds again. */
  restore(path: string): void {
    const file = this.state.files?.[path];
    if (file !== undefined) this.change(path, file.original === null ? null : { ...file, text: file.original, revision: file.revision + 1 }, 0);
  }

  /** The texts of all files that there are. */
  texts(): Record<string, string> {
    const files = Object.entries(this.state.files ?? {});
    return Object.fromEntries(files.flatMap(([path, { text }]) => (text === null ? [] : [[path, text]])));
  }

  async complete(path: string, text: string, position: Position): Promise<CompletionItem[]> {
    const answer = await this.worker.ask({ ask: 'complete', path, text, position });
    return answer.said === 'told' ? ((answer.told as { items: CompletionItem[] } | undefined)?.items ?? []) : [];
  }

  async explain(path: string, text: string, position: Position): Promise<Explained> {
    const answer = await this.worker.ask({ ask: 'explain', path, text, position });
    return (answer.said === 'told' ? (answer.told as Explained | undefined) : undefined) ?? { markdown: null, range: null };
  }

  /** What the compiler says of the texts as they are now; null while it has not said it. */
  linted(): Linted | null {
    const { compiled, generation } = this.state;
    return compiled?.generation === generation ? compiled.linted : null;
  }

  /** Whether there are texts without mistakes that are not judged by yet. */
  isNewer(): boolean {
    return this.linted()?.ok === true && this.state.generation !== this.state.judged && this.state.fault === null;
  }

  /** Has the page judge by what is edited. */
  async judge(playground: Playground): Promise<void> {
    if (this.about === null || this.state.does !== null || this.taking) return;
    this.taking = true;
    this.put({ fault: null });
    try {
      const { generation } = this.state;
      const linted = this.linted();
      const { file, sha256, module, moduleSha256, cases, book } = await this.bake();
      const about: About = {
        ...this.about,
        name: linted?.name ?? this.about.name,
        version: linted?.version ?? this.about.version,
        digest: linted?.digest ?? '',
        file: { sha256, bytes: file.byteLength },
        modules: [{ path: 'worker.js', sha256: moduleSha256 ?? '', bytes: module.byteLength, content: module }],
        caseCount: cases.length,
      };
      this.put({ does: 'The policy is loaded' });
      await playground.take(about, cases, bookOf(book));
      this.put({ judged: generation, does: null });
    } catch (error) {
      this.put({ does: null, fault: wordsOf(error) });
    } finally {
      this.taking = false;
    }
  }

  /** The policy file of what is edited, the same that `solgate build` writes. */
  async bake(): Promise<Baked> {
    const editing = this.about?.editing;
    if (editing === undefined) throw new Error('the site has no files to edit');
    const { generation } = this.state;
    if (this.baked?.generation === generation) return this.baked.baked;
    this.put({ does: 'The bundle is compiled', fault: null });
    try {
      const { compiler, engine } = editing;
      const question = { ask: 'bake', compiler: at(compiler), engine: at(engine), bundle: this.bundle() } as const;
      const answer = await this.worker.ask(question, (words) => this.put({ does: words }));
      if (answer.said !== 'baked') throw new Error('the worker answered something else');
      this.baked = { generation, baked: answer.baked };
      this.put({ does: null });
      return answer.baked;
    } catch (error) {
      this.put({ does: null, fault: wordsOf(error) });
      throw error;
    }
  }

  private bundle(): Bundle {
    return { files: this.texts(), set: this.set };
  }

  private change(path: string, file: OpenFile | null, pause: number): void {
    const others = Object.entries(this.state.files ?? {}).filter(([known]) => known !== path);
    const all = file === null ? others : [...others, [path, file] as const];
    this.put({ files: Object.fromEntries(all), generation: this.state.generation + 1, fault: null });
    clearTimeout(this.timer);
    this.timer = setTimeout(() => void this.compile(), pause);
  }

  /** Compiles what is there now; what is typed meanwhile, afterwards. */
  private async compile(): Promise<void> {
    const compiler = this.about?.editing?.compiler;
    if (this.compiling || compiler === undefined) return;
    this.compiling = true;
    try {
      let generation: number;
      do {
        ({ generation } = this.state);
        const question = { ask: 'compile', compiler: at(compiler), bundle: this.bundle() } as const;
        const answer = await this.worker.ask(question, (words) => this.put({ does: words }));
        if (answer.said === 'compiled') this.put({ compiled: { generation, linted: answer.compiled }, does: null });
      } while (generation !== this.state.generation);
    } catch (error) {
      this.put({ does: null, fault: `The compiler has failed: ${wordsOf(error)}. What is edited is kept; undo the last change, or report this.` });
    } finally {
      this.compiling = false;
    }
  }

  private put(part: Partial<BenchState>): void {
    this.state = { ...this.state, ...part };
    for (const listener of this.listeners) listener();
  }
}

export function useBench(bench: Bench): BenchState {
  const [state, setState] = useState(bench.state);
  useEffect(() => {
    setState(bench.state);
    return bench.listen(() => setState(bench.state));
  }, [bench]);
  return state;
}

export function isChanged(file: OpenFile | undefined): boolean {
  return file !== undefined && file.text !== file.original;
}

function at<T extends { path: string; sha256: string }>({ path, sha256 }: T) {
  return { path: addressOf(path), sha256 };
}

function wordsOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
