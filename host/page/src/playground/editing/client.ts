// The page's end of the worker with the compiler.

import { addressOf } from '../site/about';
import type { Answer, Ask, Question } from './messages';

type Final = Exclude<Answer, { said: 'does' | 'failed' }>;

export class CompilerWorker {
  private worker: Worker | null = null;
  private asked = 0;

  /** `does` hears what is being done, while that takes a while. */
  ask(question: Question, does: (words: string) => void = () => undefined): Promise<Final> {
    const worker = (this.worker ??= new Worker(addressOf('compiler-worker.js'), { type: 'module', name: 'compiler' }));
    const id = (this.asked += 1);
    return new Promise((resolve, reject) => {
      const over = new AbortController();
      const hears = ({ data }: MessageEvent<Answer>) => {
        if (data.id !== id) return;
        if (data.said === 'does') {
          does(data.words);
          return;
        }
        over.abort();
        if (data.said === 'failed') reject(new Error(data.why));
        else resolve(data);
      };
      worker.addEventListener('message', hears, { signal: over.signal });
      const fails = () => {
        over.abort();
        this.worker = null;
        reject(new Error('the worker with the compiler could not start; this browser may be too old for the page'));
      };
      worker.addEventListener('error', fails, { signal: over.signal });
      worker.postMessage({ id, ...question } satisfies Ask);
    });
  }
}
