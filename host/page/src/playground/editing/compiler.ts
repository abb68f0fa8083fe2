// The compiler of bundles, a core module: host/page-compiler says what its exports do.

import type { Position } from '../../shared/editor/positions';
import type { Case } from '../cases/case';
import type { WrittenBook } from '../site/about';
import type { Bundle, Linted } from './messages';

interface Exports {
  memory: WebAssembly.Memory;
  'solgate-reserve': (length: number) => number;
  'solgate-answer': () => number;
  'solgate-failed': () => number;
  'solgate-module-start': () => number;
  'solgate-module-end': () => number;
}

/** Functions that are asked something: each returns how long its answer is. */
type Asked =
  | 'solgate-compile' | 'solgate-complete' | 'solgate-explain' | 'solgate-subject' | 'solgate-prepare' | 'solgate-data' | 'solgate-bake';

/** An instance of the engine that has been told its bundle. */
export interface EngineState {
  /** The values of its globals, as decimal numbers. */
  globals: Record<string, string>;
  memory: Uint8Array;
}

export class Compiler {
  private readonly exports: Exports & Record<Asked, () => number>;
  /** The bundle that was compiled last. */
  private compiled: { question: string; answer: Linted } | null = null;

  constructor(module: WebAssembly.Module) {
    this.exports = new WebAssembly.Instance(module, {}).exports as unknown as Exports & Record<Asked, () => number>;
  }

  compile({ files, set }: Bundle): Linted {
    const question = JSON.stringify({ files, set });
    if (this.compiled?.question === question) return this.compiled.answer;
    const answer = this.told<Linted>('solgate-compile', question);
    this.compiled = { question, answer };
    return answer;
  }

  /** What can stand at a place, or what stands there, in the bundle that was compiled last. */
  look(what: 'complete' | 'explain', path: string, text: string, position: Position): unknown {
    return this.told(`solgate-${what}`, JSON.stringify({ path, text, position }));
  }

  subject(): { cases: Case[]; book: WrittenBook } {
    return this.told('solgate-subject', '');
  }

  /** The module that is run in the place of the engine. */
  prepare(engine: ArrayBuffer): Uint8Array<ArrayBuffer> {
    return this.ask('solgate-prepare', new Uint8Array(engine));
  }

  /** What an instance of it is told. */
  data(): Uint8Array<ArrayBuffer> {
    return this.ask('solgate-data', new Uint8Array());
  }

  /** The policy file, and its core module. */
  bake({ globals, memory }: EngineState): { file: Uint8Array<ArrayBuffer>; module: Uint8Array<ArrayBuffer> } {
    const told = new TextEncoder().encode(JSON.stringify(globals));
    const state = new Uint8Array(4 + told.length + memory.length);
    new DataView(state.buffer).setUint32(0, told.length, true);
    state.set(told, 4);
    state.set(memory, 4 + told.length);
    const file = this.ask('solgate-bake', state);
    return { file, module: file.slice(this.exports['solgate-module-start'](), this.exports['solgate-module-end']()) };
  }

  private told<T>(what: Asked, question: string): T {
    return JSON.parse(new TextDecoder().decode(this.ask(what, new TextEncoder().encode(question)))) as T;
  }

  private ask(what: Asked, question: Uint8Array): Uint8Array<ArrayBuffer> {
    const { exports } = this;
    const at = exports['solgate-reserve'](question.length) >>> 0;
    new Uint8Array(exports.memory.buffer, at, question.length).set(question);
    const length = exports[what]() >>> 0;
    const answer = new Uint8Array(exports.memory.buffer, exports['solgate-answer']() >>> 0, length).slice();
    if (exports['solgate-failed']() !== 0) throw new Error(new TextDecoder().decode(answer));
    return answer;
  }
}
