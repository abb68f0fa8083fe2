// The policy, ready to be asked: instances are used again as a gate does with `isolation: recycle:64`.

import { Component } from '../policy/component';
import type { Linking } from '../policy/component';
import type { Context, Manifest, Outcome, Request } from '../policy/contract';
import { Unreadable } from '../policy/memory';
import type { Fault } from '../messages';

/** How many evaluations an instance serves, and by how many bytes it may grow. */
const CALLS = 64;
const GROWTH = 1 << 20;

/** An evaluation that gave no verdict. */
export class NoVerdict extends Error {
  constructor(readonly fault: Fault) {
    super(fault.why);
  }
}

export class Policy {
  readonly manifest: Manifest;
  private kept: { component: Component; calls: number; size: number } | null = null;

  constructor(
    private readonly modules: readonly WebAssembly.Module[],
    private readonly linking: Linking,
  ) {
    this.manifest = new Component(modules, linking).describe();
  }

  evaluate(request: Request, context: Context): Outcome {
    const kept = (this.kept ??= this.fresh());
    try {
      const outcome = kept.component.evaluate(request, context);
      kept.calls -= 1;
      if (kept.calls === 0 || kept.component.size() > kept.size + GROWTH) this.kept = null;
      return outcome;
    } catch (error) {
      this.kept = null;
      const why = error instanceof Error ? error.message : String(error);
      if (error instanceof Unreadable) throw new NoVerdict({ rule: 'gate.policy-outcome', why });
      throw new NoVerdict({ rule: 'gate.policy-trap', why });
    }
  }

  private fresh() {
    const component = new Component(this.modules, this.linking);
    return { component, calls: CALLS, size: component.size() };
  }
}
