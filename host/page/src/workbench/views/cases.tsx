// The cases of the bundle: run, and what they have shown.

import { useMemo } from 'preact/hooks';
import { Busy } from '../../shared/busy';
import { CoverageTable } from '../../shared/cases/coverage';
import { CaseFilterFields, filterOf, selected } from '../../shared/cases/filter';
import { CaseList, type CaseEntry } from '../../shared/cases/list';
import { server } from '../server/client';
import { useAnswer } from '../state/answer';
import { runCases } from '../state/judging';
import { address, type Route } from '../state/route';
import { overlayOf, useStore, useWorkbench, type State } from '../state/store';
import { Fault } from './fault';

export function CasesView({ route }: { route: Route }) {
  const store = useStore();
  const state = useWorkbench();
  const { report, running, caseFault, places } = state;
  const overlay = overlayOf(state);
  const known = useAnswer(JSON.stringify(overlay), (signal) => server.examples(overlay, signal));
  const filter = filterOf(route);
  const entries = useMemo(() => selected(entriesOf(known.value?.examples ?? [], state), filter), [known.value, report, filter.text, filter.result]);
  const run = (only: CaseEntry | null) => void runCases(store, only === null ? null : { file: only.file, name: only.name });
  return (
    <div class="stack">
      <div class="row">
        <button type="button" class="first" aria-disabled={running !== null} onClick={() => run(null)}>Run all cases</button>
        <CaseFilterFields filter={filter} />
      </div>
      <Busy words={running} />
      <Fault problem={caseFault ?? known.fault} />
      <Outcome state={state} />
      <div class="cases-view">
        <section class="stack tight" aria-label="Cases" aria-busy={running !== null}>
          <CaseList cases={entries} onRun={run} busy={running !== null} tryAt={(entry) => address('request', '', { file: entry.file, case: entry.name })} />
          {entries.length === 0 && !known.busy && known.fault === null && <p>No case matches.</p>}
        </section>
        {report?.coverage != null && <CoverageTable coverage={report.coverage} places={places} />}
      </div>
    </div>
  );
}

function Outcome({ state }: { state: State }) {
  const { report, compiled } = state;
  if (report === null) return <p class="remark">The cases have not been run here yet.</p>;
  const failed = report.failed + report.withoutVerdict;
  const stale = compiled?.ok === true && compiled.digest !== null && compiled.digest !== report.policy.digest;
  return (
    <div class={`box ${failed > 0 ? 'bad' : 'good'}`}>
      <p>
        <strong>{report.passed} passed, {failed} failed</strong>
        {report.coverage !== null && `; rule coverage ${report.coverage.percent} %`} <span class="remark">in {(report.milliseconds / 1000).toFixed(2)} s</span>
      </p>
      {stale && <p>The bundle has changed since this run: run the cases again.</p>}
      {report.coverage !== null && <p><a href={address('files', firstRules(state))}>See the coverage beside the rules</a></p>}
    </div>
  );
}

function firstRules({ info }: State): string {
  return info?.files.find(({ section }) => section === 'rules')?.path ?? '';
}

function entriesOf(examples: readonly { file: string; line: number; name: string }[], { report }: State): CaseEntry[] {
  const results = new Map(report?.cases.map((each) => [`${each.file}\n${each.name}`, each]));
  return examples.map(({ file, line, name }) => ({ file, line, name, result: results.get(`${file}\n${name}`) ?? null }));
}
