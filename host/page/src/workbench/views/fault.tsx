// What the server refused, in its words.

import { DiagnosticList } from '../../shared/files/diagnostics';
import type { ProblemDetails } from '../server/contract';

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
