// A component put together of its core modules, as host/playground/src/plan.rs says how.

import { Memory } from './memory';
import type { Realloc, Strings } from './memory';
import { describe, evaluate } from './contract';
import type { Context, Manifest, Outcome, Request, Signature } from './contract';

/** What an earlier instance exports. */
type Item = { instance: number; name: string };

type LiftedFunction = {
  function: Item;
  memory: Item;
  realloc: Item | null;
  postReturn: Item | null;
  strings: Strings;
};

/** What is done with the modules: each of `instances` makes one, in this order. */
export type Linking = {
  instances: { module: number; imports: { module: string; name: string; from: Item }[] }[];
  describe: LiftedFunction;
  evaluate: LiftedFunction;
};

type Exported = WebAssembly.ExportValue;

/** A component that can be called. */
export class Component {
  private readonly instances: WebAssembly.Instance[] = [];

  constructor(
    modules: readonly WebAssembly.Module[],
    private readonly linking: Linking,
  ) {
    for (const { module, imports } of linking.instances) {
      const core = modules[module];
      if (!core) throw new Error(`the site has no module ${module}`);
      const given: Record<string, Record<string, Exported>> = {};
      for (const { module: from, name, from: item } of imports) (given[from] ??= {})[name] = this.item(item);
      this.instances.push(new WebAssembly.Instance(core, given));
    }
  }

  describe(): Manifest {
    return this.call(this.linking.describe, describe, []) as Manifest;
  }

  evaluate(request: Request, context: Context): Outcome {
    return this.call(this.linking.evaluate, evaluate, [request, context]) as Outcome;
  }

  /** Bytes of its memory. */
  size(): number {
    return (this.item(this.linking.evaluate.memory) as WebAssembly.Memory).buffer.byteLength;
  }

  private call(lifted: LiftedFunction, signature: Signature, values: readonly unknown[]): unknown {
    const realloc = lifted.realloc ? (this.item(lifted.realloc) as Realloc) : null;
    const memory = () => new Memory(this.item(lifted.memory) as WebAssembly.Memory, realloc, lifted.strings);
    const types = signature.parameters.map((one) => one.type);
    const given = types.length === 0 ? [] : [memory().write(types, values)];
    const returned = (this.item(lifted.function) as (...given: number[]) => number)(...given) >>> 0;
    const result = memory().read(signature.result, returned);
    if (lifted.postReturn) (this.item(lifted.postReturn) as (returned: number) => void)(returned);
    return result;
  }

  private item({ instance, name }: Item): Exported {
    const found = this.instances[instance]?.exports[name];
    if (found === undefined) throw new Error(`the modules do not fit together: there is no ${name}`);
    return found;
  }
}
