// Which cases are shown.

import { SelectField, TextField } from '../fields';
import { addressOf, go, type Route } from '../route';
import type { CaseEntry } from './list';

export interface CaseFilter {
  text: string;
  /** `passed`, `failed`, or nothing. */
  result: string;
}

export function filterOf({ query }: Route): CaseFilter {
  return { text: query.get('text') ?? '', result: query.get('result') ?? '' };
}

/** The fields; what is chosen stands in the address of the view. */
export function CaseFilterFields({ filter }: { filter: CaseFilter }) {
  const show = (change: Partial<CaseFilter>) => go(addressOf('cases', '', { ...filter, ...change }), 'replace');
  return (
    <>
      <TextField class="grow" label="Find" type="search" value={filter.text} onValue={(text) => show({ text })} />
      <SelectField
        label="Result"
        value={filter.result}
        choices={[{ value: '', words: 'every' }, { value: 'passed', words: 'passed' }, { value: 'failed', words: 'failed' }]}
        onValue={(result) => show({ result })}
      />
    </>
  );
}

export function selected(entries: readonly CaseEntry[], { text, result }: CaseFilter): CaseEntry[] {
  const wanted = text.toLowerCase();
  return entries.filter((entry) => {
    if (!`${entry.file} ${entry.name}`.toLowerCase().includes(wanted)) return false;
    return result === '' || (entry.result !== null && (entry.result.result === 'passed') === (result === 'passed'));
  });
}
