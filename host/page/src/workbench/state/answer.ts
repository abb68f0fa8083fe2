// What a view asks the server for while it is shown.

import { useEffect, useState } from 'preact/hooks';
import type { ProblemDetails } from '../server/contract';
import { problemOf } from './store';

export interface Answer<T> {
  /** The newest that is known, also while a newer one is awaited. */
  value: T | null;
  fault: ProblemDetails | null;
  busy: boolean;
}

/** Asks again when `key` changes; nothing is asked while it is null. */
export function useAnswer<T>(key: string | null, ask: (signal: AbortSignal) => Promise<T>): Answer<T> {
  const [answer, setAnswer] = useState<Answer<T>>({ value: null, fault: null, busy: key !== null });
  useEffect(() => {
    if (key === null) return undefined;
    const mine = new AbortController();
    setAnswer((known) => ({ ...known, busy: true }));
    ask(mine.signal).then(
      (value) => setAnswer({ value, fault: null, busy: false }),
      (error: unknown) => {
        if (!mine.signal.aborted) setAnswer((known) => ({ value: known.value, fault: problemOf(error), busy: false }));
      },
    );
    return () => mine.abort();
  }, [key]);
  return answer;
}
