// Which records of a log are shown.

import { CheckField, SelectField, TextField } from '../../../shared/fields';

/** Empty: not asked for. */
export interface FilterWords {
  operation: string;
  verdict: string;
  rule: string;
  text: string;
  disagreeing: string;
}

export interface FiltersProps {
  words: FilterWords;
  /** Some that occur. */
  operations: readonly string[];
  onWords: (words: Partial<FilterWords> & { offset: string }) => void;
}

export function Filters({ words, operations, onWords }: FiltersProps) {
  const change = (part: Partial<FilterWords>) => onWords({ ...part, offset: '' });
  return (
    <search class="row" aria-label="Filter of the records">
      <TextField label="Operation" code value={words.operation} suggestions={operations.filter((each) => each !== '')} onValue={(operation) => change({ operation })} />
      <SelectField
        label="Recorded verdict"
        value={words.verdict}
        choices={[{ value: '', words: 'every' }, { value: 'allow', words: 'allowed' }, { value: 'deny', words: 'denied' }]}
        onValue={(verdict) => change({ verdict })}
      />
      <TextField label="Rule" code value={words.rule} onValue={(rule) => change({ rule })} />
      <TextField label="Target or id" code value={words.text} onValue={(text) => change({ text })} />
      <CheckField label="Only disagreements" value={words.disagreeing !== ''} onValue={(on) => change({ disagreeing: on ? '1' : '' })} />
    </search>
  );
}
