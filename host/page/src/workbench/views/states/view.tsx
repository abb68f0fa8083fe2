// Which operation each state of a resource allows.

import { Busy } from '../../../shared/busy';
import { RuleLink, SourceLink } from '../../../shared/links';
import { server } from '../../server/client';
import type { StateFact } from '../../server/contract';
import { useAnswer } from '../../state/answer';
import { address, type Route } from '../../state/route';
import { overlayOf, useWorkbench } from '../../state/store';
import { Fault } from '../fault';
import { Grid, signOf, verdictWords } from './grid';
import './states.css';

export function StatesView({ route }: { route: Route }) {
  const state = useWorkbench();
  const overlay = overlayOf(state);
  const { options } = state.draft;
  const { value, fault, busy } = useAnswer(JSON.stringify([overlay, options]), (signal) => server.states(overlay, options, signal));
  const [fact, operation, chosen] = ['fact', 'operation', 'state'].map((member) => route.query.get(member));
  return (
    <div class="stack">
      <p>Each row is an operation, each column a state. A cell says whether the state alone allows the operation; choose it to see the rules that decide.</p>
      <ul class="plain row legend">
        <li><span class="cell yes">{signOf(true)}</span> allowed</li>
        <li><span class="cell no">{signOf(false)}</span> refused</li>
        <li><span class="cell maybe">{signOf(null)}</span> other things decide as well</li>
      </ul>
      {Object.keys(options).length > 0 && <p class="remark">With the options that are set: <a href={address('options')}>{Object.keys(options).join(', ')}</a>.</p>}
      <Busy words={busy && value === null ? 'The states are worked out' : null} />
      <Fault problem={fault} />
      {value?.facts.length === 0 && <p>No rule of the policy looks at a state.</p>}
      <div class="state-facts">
        {value?.facts.map((each) => {
          const name = `${each.fact}.${each.member}`;
          const here = name === fact ? { operation: operation ?? '', state: chosen ?? '' } : null;
          return (
            <section key={name} class="panel stack" aria-labelledby={name}>
              <h2 id={name}>{name}</h2>
              <p class="remark"><code>GET {each.path}</code></p>
              <Grid fact={each} chosen={here} at={(row, column) => address('states', '', { fact: name, operation: row, state: column })} />
              {here !== null && <Chosen fact={each} {...here} />}
            </section>
          );
        })}
      </div>
    </div>
  );
}

function Chosen({ fact, operation, state }: { fact: StateFact; operation: string; state: string }) {
  const { places } = useWorkbench();
  const row = fact.operations.find((each) => each.operation === operation);
  const cell = row?.states[state];
  if (row === undefined || cell === undefined) return null;
  return (
    <div class={`box ${cell.allowed === true ? 'good' : cell.allowed === false ? 'bad' : 'warn'}`} role="status">
      <h3>{operation} in {state}: {verdictWords(cell)}</h3>
      <p class="remark"><code>{row.method} {row.path}</code></p>
      <Rules words="Refused by" ids={cell.refused} places={places} />
      <Rules words="Other things decide in" ids={cell.depends} places={places} />
      {cell.refused.length === 0 && cell.depends.length === 0 && <p>No rule that looks at this state refuses the operation.</p>}
    </div>
  );
}

function Rules({ words, ids, places }: { words: string; ids: string[]; places: Record<string, { path: string; line: number }> }) {
  if (ids.length === 0) return null;
  return (
    <div>
      <p>{words}</p>
      <ul class="plain">
        {ids.map((id) => {
          const place = places[id];
          return <li key={id}><RuleLink id={id} /> {place !== undefined && <SourceLink place={place} />}</li>;
        })}
      </ul>
    </div>
  );
}
