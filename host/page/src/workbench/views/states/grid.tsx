// The states of a resource beside each other, and below them what each allows.

import type { StateCell, StateFact } from '../../server/contract';

export interface GridProps {
  fact: StateFact;
  chosen: { operation: string; state: string } | null;
  /** The address of a cell. */
  at: (operation: string, state: string) => string;
}

export function Grid({ fact, chosen, at }: GridProps) {
  return (
    <div class="scroll states" role="region" aria-label={`What ${fact.fact}.${fact.member} allows`} tabIndex={0}>
      <table class="grid">
        <thead>
          <tr>
            <th scope="col">operation</th>
            {fact.states.map((state) => <th key={state} scope="col" class="state"><span>{state}</span></th>)}
          </tr>
        </thead>
        <tbody>
          {fact.operations.map(({ operation, states }) => (
            <tr key={operation}>
              <th scope="row"><code>{operation}</code></th>
              {fact.states.map((state) => {
                const cell = states[state];
                if (cell === undefined) return <td key={state} />;
                const here = chosen?.operation === operation && chosen.state === state;
                const kind = cell.allowed === true ? 'yes' : cell.allowed === false ? 'no' : 'maybe';
                return (
                  <td key={state}>
                    <a class={`cell ${kind}`} href={at(operation, state)} aria-current={here ? 'true' : undefined} title={titleOf(cell)}>
                      <span aria-hidden="true">{signOf(cell.allowed)}</span>
                      <span class="hidden">{operation} in {state}: {verdictWords(cell)}</span>
                    </a>
                  </td>
                );
              })}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

export function signOf(allowed: boolean | null): string {
  return allowed === true ? '✓' : allowed === false ? '✗' : '…';
}

export function verdictWords({ allowed }: StateCell): string {
  return allowed === true ? 'allowed' : allowed === false ? 'refused' : 'other things decide as well';
}

function titleOf(cell: StateCell): string {
  const rules = [...cell.refused, ...cell.depends];
  return rules.length === 0 ? verdictWords(cell) : `${verdictWords(cell)}: ${rules.join(', ')}`;
}
