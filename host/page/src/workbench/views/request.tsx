// A request, the answer to it, and how that came about.

import { useEffect, useRef, useState } from 'preact/hooks';
import { Busy } from '../../shared/busy';
import { SelectField } from '../../shared/fields';
import { exampleWords } from '../../shared/request/examples';
import { RequestForm } from '../../shared/request/form';
import { draftOf, questionOf, withFact, type Draft, type Question } from '../../shared/request/question';
import { SettingsInUse } from '../../shared/settings/in-use';
import { Stages } from '../../shared/verdict/stages';
import { Verdict } from '../../shared/verdict/verdict';
import { server } from '../server/client';
import type { LogSource, ProblemDetails } from '../server/contract';
import { useAnswer } from '../state/answer';
import { judge, judgeRead } from '../state/judging';
import { packed, unpacked } from '../state/link';
import { go } from '../../shared/route';
import { address, type Route } from '../state/route';
import { overlayOf, useStore, useWorkbench, type State } from '../state/store';
import { Fault } from './fault';

export function RequestView({ route }: { route: Route }) {
  const store = useStore();
  const state = useWorkbench();
  const { draft, judged, judging, judgeFault } = state;
  const fault = useLinked(route);
  const answer = useRef<HTMLElement>(null);
  // On a narrow screen the verdict is below the form.
  useEffect(() => {
    const below = answer.current !== null && answer.current.getBoundingClientRect().top > window.innerHeight - 100;
    if (below && (judged !== null || judgeFault !== null)) answer.current?.scrollIntoView({ block: 'start' });
  }, [judged, judgeFault]);
  const setDraft = (next: Draft) => store.set({ draft: next });
  const addFact = (name: string, example: unknown) => void judge(store, withFact(draft, name, example));
  return (
    <div class="request-view">
      <section class="stack" aria-label="What is asked">
        <Examples />
        <Fault problem={fault} />
        <div class="panel">
          <RequestForm draft={draft} onDraft={setDraft} onJudge={() => void judge(store, draft)} busy={judging} />
        </div>
        <SettingsInUse settings={draft} />
        <p class="remark">
          The address of this page holds the request, so that it can be shared, once it is judged. Values of Authorization, Cookie and other credentials are
          left out of it.
        </p>
      </section>
      <section class="stack" ref={answer} aria-labelledby="answered" aria-busy={judging}>
        <h2 id="answered">Verdict</h2>
        <Busy words={judging ? 'The request is judged' : null} />
        <Fault problem={judgeFault} />
        {judged === null && judgeFault === null && !judging && <p class="remark">Nothing is judged yet: fill in a request, or take an example.</p>}
        {judged !== null && (
          <>
            <Verdict judged={judged} onFact={addFact} />
            <section class="panel stack tight" aria-labelledby="how">
              <h2 id="how">How it came about</h2>
              <Stages judged={judged} />
            </section>
          </>
        )}
      </section>
    </div>
  );
}

/** Takes what the address names: a request, a case, or a record of a decision log. */
function useLinked({ query }: Route): ProblemDetails | null {
  const store = useStore();
  const [fault, setFault] = useState<ProblemDetails | null>(null);
  useEffect(() => {
    let gone = false;
    const read = (question: Promise<Question>) => void judgeRead(store, question, () => gone);
    setFault(null);
    const [ask, file, name, log, line] = ['ask', 'file', 'case', 'log', 'line'].map((member) => query.get(member));
    if (typeof ask === 'string') {
      // The form may hold more than the address: credentials.
      const known = ask === packed(questionOf(store.state.draft)) && (store.state.judged !== null || store.state.judging);
      const question = known ? null : unpacked(ask);
      if (question !== null) void judge(store, draftOf(question));
      else if (!known) setFault({ status: 0, title: 'The address is damaged', detail: 'It holds no request that can be read. Copy the whole address again.' });
    } else if (typeof file === 'string' && typeof name === 'string') {
      read(server.example(overlayOf(store.state), file, name));
    } else if (typeof log === 'string') {
      const source = logSource(store.state, log);
      if (source !== null) read(server.record(source, Number(line)));
      else setFault({ status: 0, title: `The log ${log} is not open`, detail: 'Choose its file in Replay, and take the record from there.' });
    }
    return () => {
      gone = true;
    };
  }, [query]);
  return fault;
}

function logSource({ info, log }: State, name: string): LogSource | null {
  if (log?.name === name) return log.source;
  return info?.logs.includes(name) === true ? { name } : null;
}

function Examples() {
  const state = useWorkbench();
  const overlay = overlayOf(state);
  const { value, fault } = useAnswer(JSON.stringify(overlay), (signal) => server.examples(overlay, signal));
  const [text, setText] = useState('');
  if (fault !== null) return <Fault problem={fault} />;
  const examples = value?.examples ?? [];
  if (examples.length === 0) return null;
  const choices = examples.map((example, at) => ({ value: String(at), words: exampleWords(example) }));
  return (
    <SelectField
      label="Start from an example"
      value={text}
      choices={[{ value: '', words: `${examples.length} cases of the bundle` }, ...choices]}
      onValue={(chosen) => {
        const example = examples[Number(chosen)];
        setText('');
        if (chosen !== '' && example !== undefined) go(address('request', '', { file: example.file, case: example.name }));
      }}
    />
  );
}
