// A decision log, judged again by the bundle as it is edited.

import { useEffect, useState } from 'preact/hooks';
import { Busy } from '../../../shared/busy';
import { server } from '../../server/client';
import type { Replayed, ReplayFilter } from '../../server/contract';
import { useAnswer } from '../../state/answer';
import { go } from '../../../shared/route';
import { address, type Route } from '../../state/route';
import { overlayOf, useStore, useWorkbench } from '../../state/store';
import { Fault } from '../fault';
import { Filters, type FilterWords } from './filters';
import { LogChoice } from './log';
import { Records, said } from './records';
import './replay.css';

const PAGE = 50;

export function ReplayView({ route }: { route: Route }) {
  const store = useStore();
  const state = useWorkbench();
  const { log, info } = state;
  const overlay = overlayOf(state);
  const words = wordsOf(route);
  const offset = Number(route.query.get('offset') ?? '0') || 0;
  const named = route.query.get('log') ?? '';
  useEffect(() => {
    if (info?.logs.includes(named) === true && log?.name !== named) store.set({ log: { name: named, source: { name: named } } });
  }, [named, info]);
  const [uploads, setUploads] = useState(0);
  const key = log === null ? null : JSON.stringify([overlay, log.name, uploads, words, offset]);
  const { value, fault, busy } = useAnswer(key, (signal) => server.replay(overlay, log?.source ?? { name: '' }, filterOf(words), PAGE, offset, signal));
  const show = (next: Record<string, string>) => go(address('replay', '', { log: named, ...words, ...next }), 'replace');
  return (
    <div class="stack">
      <p>What a gateway wrote with <code>--decision-log</code>, judged again by the files as they are edited. A request whose verdict is not the recorded one is shown as a disagreement.</p>
      <LogChoice
        logs={info?.logs ?? []}
        log={log}
        onLog={(chosen) => {
          store.set({ log: chosen });
          setUploads(uploads + 1);
          go(address('replay', '', 'name' in chosen.source ? { log: chosen.name } : {}));
        }}
      />
      <Busy words={busy ? 'The log is judged again' : null} />
      <Fault problem={fault} />
      {value !== null && log !== null && (
        <>
          <Summary replayed={value} name={log.name} />
          <Filters words={words} operations={[...new Set(value.kinds.map(({ operation }) => operation).concat(words.operation))]} onWords={(next) => show({ ...next })} />
          <Records replayed={value} log={log.name} offset={offset} page={PAGE} onOffset={(next) => show({ offset: next === 0 ? '' : String(next) })} />
        </>
      )}
    </div>
  );
}

function wordsOf({ query }: Route): FilterWords {
  const word = (name: string) => query.get(name) ?? '';
  return { operation: word('operation'), verdict: word('verdict'), rule: word('rule'), text: word('text'), disagreeing: word('disagreeing') };
}

function filterOf({ operation, verdict, rule, text, disagreeing }: FilterWords): ReplayFilter {
  const filter: ReplayFilter = {};
  if (operation !== '') filter.operation = operation;
  if (verdict === 'allow' || verdict === 'deny') filter.verdict = verdict;
  if (rule !== '') filter.rule = rule;
  if (text !== '') filter.text = text;
  if (disagreeing !== '') filter.disagreeing = true;
  return filter;
}

function Summary({ replayed, name }: { replayed: Replayed; name: string }) {
  const { total, same, different, notJudged, kinds, reasons } = replayed;
  return (
    <div class={`box ${different > 0 ? 'warn' : 'good'} stack tight`} role="status">
      <p>
        <strong>{different === 0 ? 'No disagreement' : different === 1 ? '1 disagreement' : `${different} disagreements`}</strong>: of {total} records of{' '}
        {name}, {same} are judged as they were, {notJudged} are not judged again.
      </p>
      {kinds.length > 0 && (
        <details>
          <summary>The disagreements by kind</summary>
          <ul>{kinds.map((kind, at) => <li key={at}>{kind.count} × <code>{kind.operation}</code>: {said(kind.then)} → {said(kind.now)}</li>)}</ul>
        </details>
      )}
      {reasons.length > 0 && (
        <details>
          <summary>Why records are not judged again</summary>
          <ul>{reasons.map(({ reason, count }) => <li key={reason}>{count} × {reason}</li>)}</ul>
        </details>
      )}
    </div>
  );
}
