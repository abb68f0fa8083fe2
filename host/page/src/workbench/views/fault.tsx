// What the server refused, in its words.

import { Inline } from '../../shared/prose';
import { address } from '../state/route';
import type { Diagnostic, ProblemDetails } from '../server/contract';

export function Fault({ problem }: { problem: ProblemDetails | null }) {
  if (problem === null) return null;
  return (
    <div class="box bad stack tight" role="alert">
      <p><strong>{problem.title}</strong></p>
      {problem.detail !== '' && <p>{problem.detail}</p>}
      {problem.diagnostics !== undefined && <DiagnosticList diagnostics={problem.diagnostics} />}
    </div>
  );
}

export function DiagnosticList({ diagnostics }: { diagnostics: readonly Diagnostic[] }) {
  return (
    <ul class="plain stack tight diagnostics">
      {diagnostics.map((diagnostic, at) => {
        const { path, range, severity, message, help, related } = diagnostic;
        return (
          <li key={at}>
            <span class={`mark ${severity === 'error' ? 'bad' : 'warn'}`}>{severity}</span> <PlaceLink path={path} line={range.start.line + 1} />: <Inline text={message} />
            {help !== null && <p class="remark"><Inline text={help} /></p>}
            {related !== null && <p class="remark"><PlaceLink path={related.path} line={related.range.start.line + 1} />: <Inline text={related.message} /></p>}
          </li>
        );
      })}
    </ul>
  );
}

function PlaceLink({ path, line }: { path: string; line: number }) {
  // Files of a bundle that is extended stand outside of the folder, and are not shown.
  if (path.startsWith('..') || path.startsWith('/')) return <code>{path}:{line}</code>;
  return <a href={address('files', path, { line: String(line) })}><code>{path}:{line}</code></a>;
}
