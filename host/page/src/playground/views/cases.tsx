// The cases that the policy carries: run here, against what they expect.

import { useMemo } from 'preact/hooks';
import { CaseFilterFields, filterOf, selected } from '../../shared/cases/filter';
import { CaseList, type CaseEntry } from '../../shared/cases/list';
import type { Case } from '../cases/case';
import { keyOf, type Playground, type State } from '../site/playground';
import { address, type Route } from '../site/route';

export function CasesView({ route, playground }: { route: Route; playground: Playground }) {
  const { state } = playground;
  const { cases, results, running } = state;
  const filter = filterOf(route);
  const entries = useMemo(() => selected(entriesOf(cases ?? [], state), filter), [cases, results, filter.text, filter.result]);
  if (cases === null || cases.length === 0) {
    return <p>The policy carries no cases. <code>solgate build</code> puts those of a folder into its file.</p>;
  }
  const busy = running !== null;
  const run = (entry: CaseEntry) => void playground.run(cases.filter((one) => keyOf(one) === keyOf(entry)));
  return (
    <div class="stack">
      <div class="row">
        <button type="button" class="first" aria-disabled={busy} onClick={() => void playground.run(cases)}>Run all {cases.length} cases</button>
        {busy && <button type="button" onClick={() => playground.stop()}>Stop</button>}
        <CaseFilterFields filter={filter} />
      </div>
      {running !== null && <progress class="progress" aria-label="Cases run" max={running.of} value={running.done} />}
      <Outcome state={state} />
      <section class="stack tight" aria-label="Cases" aria-busy={busy}>
        <CaseList cases={entries} onRun={run} busy={busy} tryAt={({ file, name }) => address('request', '', { file, case: name })} />
        {entries.length === 0 && <p>No case matches.</p>}
      </section>
    </div>
  );
}

function Outcome({ state: { results, running, ranIn } }: { state: State }) {
  if (running !== null) return <p role="status">{running.done} of {running.of} cases are run</p>;
  if (results.size === 0) return <p class="remark" role="status">The cases have not been run here yet.</p>;
  const passed = [...results.values()].filter(({ result }) => result === 'passed').length;
  const failed = results.size - passed;
  return (
    <div class={`box ${failed > 0 ? 'bad' : 'good'}`} role="status">
      <p><strong>{passed} passed, {failed} failed</strong> <span class="remark">in {(ranIn / 1000).toFixed(2)} s</span></p>
    </div>
  );
}

function entriesOf(cases: readonly Case[], { results }: State): CaseEntry[] {
  return cases.map(({ file, line, name }) => ({ file, line, name, result: results.get(keyOf({ file, line, name })) ?? null }));
}
