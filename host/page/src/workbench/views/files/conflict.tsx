// Somebody else has changed a file that is edited here: which text holds is asked.

import type { ProblemDetails } from '../../server/contract';
import { overwrite, takeTheirs } from '../../state/editing';
import { problemOf, useStore } from '../../state/store';

export function Conflict({ path, theirs, onFault }: { path: string; theirs: string | null; onFault: (problem: ProblemDetails) => void }) {
  const store = useStore();
  return (
    <div class="box warn stack tight" role="alert">
      <p><strong>{path} is not saved</strong></p>
      <p>
        {theirs === null
          ? 'The file has been removed from the disk since it was opened here.'
          : 'The file on the disk has changed since it was opened here. Nothing is lost yet: choose which text holds.'}
      </p>
      {theirs !== null && (
        <details>
          <summary>The text on the disk</summary>
          <pre class="document">{theirs}</pre>
        </details>
      )}
      <div class="row">
        <button type="button" onClick={() => takeTheirs(store, path)}>{theirs === null ? 'Close it here as well' : 'Take the text on the disk'}</button>
        <button type="button" onClick={() => overwrite(store, path).catch((error: unknown) => onFault(problemOf(error)))}>Write mine to the disk</button>
      </div>
    </div>
  );
}
