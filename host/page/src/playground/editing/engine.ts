// The engine is run in the browser as the baker does it: told a bundle, and looked at.

import type { EngineState } from './compiler';

interface Exports {
  memory: WebAssembly.Memory;
  'solgate-reserve': (length: number) => number;
  'solgate-init': () => number;
  'solgate-message': () => number;
}

/** Tells a fresh instance of the engine the bundle; what its state is then. */
export async function initialised(engine: WebAssembly.Module, bundle: Uint8Array): Promise<EngineState> {
  const instance = await WebAssembly.instantiate(engine, {});
  const exports = instance.exports as unknown as Exports;
  const at = exports['solgate-reserve'](bundle.length) >>> 0;
  new Uint8Array(exports.memory.buffer, at, bundle.length).set(bundle);
  const refusal = exports['solgate-init']() >>> 0;
  if (refusal !== 0) {
    const message = new Uint8Array(exports.memory.buffer, exports['solgate-message']() >>> 0, refusal);
    throw new Error(`the engine refuses the compiled bundle: ${new TextDecoder().decode(message)}`);
  }
  const globals = Object.entries(instance.exports).filter((entry): entry is [string, WebAssembly.Global] => entry[1] instanceof WebAssembly.Global);
  return {
    globals: Object.fromEntries(globals.map(([name, global]) => [name, String(global.value)])),
    memory: new Uint8Array(exports.memory.buffer),
  };
}
