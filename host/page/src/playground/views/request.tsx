// A request, and the verdict on it.

import { useEffect } from 'preact/hooks';
import { Busy } from '../../shared/busy';
import { SelectField } from '../../shared/fields';
import { exampleWords } from '../../shared/request/examples';
import { RequestForm } from '../../shared/request/form';
import { withFact, type Draft } from '../../shared/request/question';
import { go } from '../../shared/route';
import { SettingsInUse } from '../../shared/settings/in-use';
import { Verdict } from '../../shared/verdict/verdict';
import type { Case } from '../cases/case';
import { chosen as chosenOf } from '../site/draft';
import type { Answered, Playground } from '../site/playground';
import { address, type Route } from '../site/route';

export function RequestView({ route, playground }: { route: Route; playground: Playground }) {
  const { chosen, judging, answer, cases } = playground.state;
  useLinked(route, playground);
  if (chosen === null) return null;
  const { draft } = chosen;
  const put = (next: Draft) => playground.change({ ...chosen, draft: next });
  const addFact = (name: string, example: unknown) => void playground.ask({ ...chosen, draft: withFact(draft, name, example) });
  return (
    <div class="request-view">
      <section class="stack" aria-labelledby="asked">
        <h2 id="asked">Request</h2>
        <Examples cases={cases ?? []} />
        <div class="panel">
          <RequestForm draft={draft} onDraft={put} onJudge={() => void playground.ask(chosen)} busy={judging} />
        </div>
        <SettingsInUse settings={draft} />
      </section>
      <section class="stack" aria-labelledby="answered" aria-busy={judging}>
        <h2 id="answered">Verdict</h2>
        <Busy words={judging ? 'The request is judged' : null} />
        {answer !== null && <Answer answer={answer} onFact={addFact} />}
      </section>
    </div>
  );
}

/** Takes the case that the address names. */
function useLinked({ query }: Route, playground: Playground): void {
  const [file, name] = [query.get('file'), query.get('case')];
  useEffect(() => {
    const found = playground.state.cases?.find((one) => one.file === file && one.name === name);
    if (found !== undefined) void playground.ask(chosenOf(found));
  }, [file, name]);
}

function Answer({ answer, onFact }: { answer: Answered; onFact: (name: string, example: unknown) => void }) {
  if ('judged' in answer) return <Verdict judged={answer.judged} onFact={onFact} />;
  if ('slip' in answer) {
    return (
      <div class="box warn" role="alert">
        <h3>Not judged</h3>
        <p>{answer.slip}</p>
      </div>
    );
  }
  return (
    <div class="box bad" role="alert">
      <h3>The policy gave no verdict</h3>
      <p>{answer.fault.why}</p>
      <p>A gate answers such a request with 500, by <code>{answer.fault.rule}</code>.</p>
    </div>
  );
}

function Examples({ cases }: { cases: readonly Case[] }) {
  if (cases.length === 0) return <p class="remark">The policy carries no cases to start from.</p>;
  const choices = cases.map((one, at) => ({ value: String(at), words: exampleWords({ ...one, status: one.expect.status }) }));
  return (
    <SelectField
      label="Start from a case"
      value=""
      choices={[{ value: '', words: cases.length === 1 ? '1 case of the policy' : `${cases.length} cases of the policy` }, ...choices]}
      onValue={(value) => {
        const one = value === '' ? undefined : cases[Number(value)];
        if (one !== undefined) go(address('request', '', { file: one.file, case: one.name }));
      }}
    />
  );
}
