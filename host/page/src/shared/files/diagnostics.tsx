// What the compiler says, with links to the places.

import type { ComponentChildren } from 'preact';
import { SourceLink } from '../links';
import { Inline } from '../prose';
import { counted, mistakesOf, type Compiled, type Diagnostic } from './compiled';

export function DiagnosticList({ diagnostics }: { diagnostics: readonly Diagnostic[] }) {
  return (
    <ul class="plain stack tight diagnostics">
      {diagnostics.map((diagnostic, at) => {
        const { path, range, severity, message, help, related } = diagnostic;
        return (
          <li key={at}>
            <span class={`mark ${severity === 'error' ? 'bad' : 'warn'}`}>{severity}</span> <Place path={path} line={range.start.line} />: <Inline text={message} />
            {help !== null && <p class="remark"><Inline text={help} /></p>}
            {related !== null && <p class="remark"><Place path={related.path} line={related.range.start.line} />: <Inline text={related.message} /></p>}
          </li>
        );
      })}
    </ul>
  );
}

function Place({ path, line }: { path: string; line: number }) {
  return <SourceLink place={{ path, line: line + 1 }} />;
}

/** All that is wrong with the files, or that nothing is; `children` say more of files without mistakes. */
export function Mistakes({ compiled, children }: { compiled: Compiled; children: ComponentChildren }) {
  const mistakes = mistakesOf(compiled).length;
  const words = [counted(mistakes, 'mistake'), counted(compiled.diagnostics.length - mistakes, 'warning')].filter((each) => each !== '');
  return (
    <section aria-labelledby="mistakes" class="stack tight">
      <h2 id="mistakes" aria-live="polite">{words.length === 0 ? 'No mistakes' : words.join(', ')}</h2>
      {compiled.ok && <p class="remark">{children}</p>}
      <DiagnosticList diagnostics={compiled.diagnostics} />
    </section>
  );
}
