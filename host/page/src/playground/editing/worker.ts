// The worker with the compiler: it compiles what is edited, and bakes it. Both take too long for
// the page's own thread.

import { digestOf, fetchedModule, type ModuleFile } from '../files';
import { Compiler } from './compiler';
import { initialised } from './engine';
import type { Answer, Ask, Baked, Question } from './messages';

// What of a worker is used; TypeScript has it only where there is no page.
interface Worker {
  addEventListener(type: 'message', listener: (event: { data: Ask }) => void): void;
  postMessage(answer: Answer): void;
}

type Said = Answer extends infer One ? (One extends Answer ? Omit<One, 'id'> : never) : never;
type Tell = (words: string) => void;

const worker = self as unknown as Worker;
let module: Promise<WebAssembly.Module> | null = null;
let engine: Promise<ArrayBuffer> | null = null;
let kept: { compiler: Compiler; engine: Promise<WebAssembly.Module> | null } | null = null;

worker.addEventListener('message', ({ data: { id, ...question } }) => {
  answer(question, (words) => worker.postMessage({ id, said: 'does', words })).then(
    (said) => worker.postMessage({ id, ...said }),
    (error: unknown) => {
      // After a trap the instance is not to be trusted.
      if (!(error instanceof Error) || error instanceof WebAssembly.RuntimeError || error instanceof RangeError) kept = null;
      worker.postMessage({ id, said: 'failed', why: error instanceof Error ? error.message : String(error) });
    },
  );
});

async function answer(question: Question, tell: Tell): Promise<Said> {
  switch (question.ask) {
    case 'compile':
      return { said: 'compiled', compiled: (await begun(question.compiler, tell)).compiler.compile(question.bundle) };
    case 'bake':
      return { said: 'baked', baked: await bake(question, tell) };
    default:
      return { said: 'told', told: kept?.compiler.look(question.ask, question.path, question.text, question.position) };
  }
}

/** The compiler; it is fetched once. */
async function begun(file: ModuleFile, tell: Tell) {
  if (module === null) {
    tell('The compiler is fetched');
    module = fetchedModule(file).then((bytes) => WebAssembly.compile(bytes));
    // Another attempt may succeed.
    module.catch(() => (module = null));
  }
  const compiled = await module;
  return (kept ??= { compiler: new Compiler(compiled), engine: null });
}

async function bake({ compiler: file, engine: engineFile, bundle }: Extract<Question, { ask: 'bake' }>, tell: Tell): Promise<Baked> {
  const begin = await begun(file, tell);
  const { compiler } = begin;
  if (!compiler.compile(bundle).ok) throw new Error('the bundle has mistakes');
  if (engine === null) {
    tell('The engine is fetched');
    engine = fetchedModule(engineFile);
    engine.catch(() => (engine = null));
  }
  const bytes = await engine;
  if (begin.engine === null) {
    tell('The engine is prepared');
    begin.engine = WebAssembly.compile(compiler.prepare(bytes));
  }
  const prepared = await begin.engine;
  tell('The engine is told the bundle');
  const state = await initialised(prepared, compiler.data());
  tell('The policy is written');
  const { file: baked, module: core } = compiler.bake(state);
  const [sha256, moduleSha256] = await Promise.all([digestOf(baked), digestOf(core)]);
  return { file: baked.buffer, sha256, module: core.buffer, moduleSha256, ...compiler.subject() };
}
