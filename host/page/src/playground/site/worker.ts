// The page's end of its worker.

import type { Case, Difference } from '../cases/case';
import type { Given } from '../judging/given';
import type { Answer, Ask, Question, Ran } from '../messages';
import type { Manifest } from '../policy/contract';
import { addressOf, type About } from './about';

/** Milliseconds after which an evaluation is ended; a gate ends it much sooner. */
const PATIENCE = 10_000;
/** The same for loading, where the network takes its time. */
const LOADING = 300_000;

export interface Loaded {
  manifest: Manifest;
  /** What it took to fetch, compile and describe. */
  milliseconds: number;
}

export class Judge {
  private worker: Worker | null = null;
  private loaded: Promise<Loaded> | null = null;
  private asked = 0;

  constructor(private readonly about: About) {}

  /** Loads the policy, once; and again if it had to be ended. */
  load(): Promise<Loaded> {
    this.loaded ??= this.start();
    return this.loaded;
  }

  async judge(given: Given): Promise<Ran> {
    const answer = await this.decide({ ask: 'judge', given });
    if (answer.said !== 'judged') throw new Error('the worker answered something else');
    return answer.ran;
  }

  async run(one: Case): Promise<{ ran: Ran; differences: Difference[] }> {
    const answer = await this.decide({ ask: 'run', case: one });
    if (answer.said === 'run') return answer;
    if (answer.said === 'judged') return { ran: answer.ran, differences: [] };
    throw new Error('the worker answered something else');
  }

  /** Nothing is asked any more. */
  end(): void {
    this.worker?.terminate();
  }

  private async start(): Promise<Loaded> {
    const { modules, linking, mostViolations } = this.about;
    this.worker = new Worker(addressOf('worker.js'), { type: 'module', name: 'policy' });
    const files = modules.map((module) => ({ ...module, path: addressOf(module.path) }));
    const answer = await this.ask({ ask: 'load', policy: { modules: files, linking, mostViolations } }, LOADING);
    if (answer === null) throw new Error('the policy did not load in time');
    if (answer.said !== 'loaded') throw new Error('the worker answered something else');
    return answer;
  }

  /** What takes too long is a fault of the policy, and the next question starts afresh. */
  private async decide(question: Question): Promise<Answer> {
    await this.load();
    const answer = await this.ask(question, PATIENCE);
    if (answer !== null) return answer;
    this.worker?.terminate();
    this.loaded = null;
    const fault = { rule: 'gate.policy-deadline', why: `it did not end within ${PATIENCE / 1000} s` } as const;
    return { id: 0, said: 'judged', ran: { asked: [], milliseconds: PATIENCE, verdict: 'none', fault } };
  }

  /** Null: there is no answer in time. */
  private ask(question: Question, patience: number): Promise<Answer | null> {
    const worker = this.worker;
    if (worker === null) return Promise.reject(new Error('there is no worker'));
    const id = (this.asked += 1);
    return new Promise((resolve, reject) => {
      const over = new AbortController();
      const end = () => {
        clearTimeout(timer);
        over.abort();
      };
      const timer = setTimeout(() => {
        end();
        resolve(null);
      }, patience);
      const hears = (event: MessageEvent<Answer>) => {
        if (event.data.id !== id) return;
        end();
        if (event.data.said === 'failed') reject(new Error(event.data.why));
        else resolve(event.data);
      };
      worker.addEventListener('message', hears, { signal: over.signal });
      const fails = () => {
        end();
        reject(new Error('the worker could not start; this browser may be too old for the page'));
      };
      worker.addEventListener('error', fails, { signal: over.signal });
      worker.postMessage({ id, ...question } satisfies Ask);
    });
  }
}
