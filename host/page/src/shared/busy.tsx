// Work that takes a while: it is said that it runs, and for how long.

import { useEffect, useState } from 'preact/hooks';
import './busy.css';

/** Seconds are shown from here on. */
const PATIENCE = 1;

/** `words` say what is being done; nothing is shown if they are null. */
export function Busy({ words }: { words: string | null }) {
  const [seconds, setSeconds] = useState(0);
  useEffect(() => {
    setSeconds(0);
    if (words === null) return undefined;
    const begun = Date.now();
    const timer = setInterval(() => setSeconds(Math.floor((Date.now() - begun) / 1000)), 250);
    return () => clearInterval(timer);
  }, [words]);
  return (
    <p class="busy" role="status">
      {words !== null && (
        <>
          <span class="turning" aria-hidden="true" /> {words}
          <span aria-hidden="true">{seconds >= PATIENCE ? ` ${seconds} s` : ''}</span>
        </>
      )}
    </p>
  );
}
