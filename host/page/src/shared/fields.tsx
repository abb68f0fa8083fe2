// Labelled controls of forms.

import type { ComponentChildren } from 'preact';
import { useId } from 'preact/hooks';

interface Labelled {
  label: string;
  /** Said below the control, and by screen readers after its name. */
  remark?: string | undefined;
  /** What is wrong with the value. */
  error?: string | undefined;
  /** Monospaced. */
  code?: boolean;
  class?: string;
}

export interface TextFieldProps extends Labelled {
  value: string;
  onValue: (value: string) => void;
  type?: 'text' | 'search' | 'number';
  placeholder?: string;
  /** Known values, which the browser offers. */
  suggestions?: readonly string[];
}

export function TextField({ label, remark, error, code, class: extra, value, onValue, type, placeholder, suggestions }: TextFieldProps) {
  const id = useId();
  return (
    <div class={`field ${extra ?? ''}`}>
      <label for={id}>{label}</label>
      <input
        id={id}
        type={type ?? 'text'}
        class={code === true ? 'mono' : ''}
        value={value}
        placeholder={placeholder}
        autocomplete="off"
        spellcheck={false}
        list={suggestions === undefined ? undefined : `${id}-list`}
        onInput={(event) => onValue(event.currentTarget.value)}
        {...described(id, remark, error)}
      />
      {suggestions !== undefined && (
        <datalist id={`${id}-list`}>{suggestions.map((name) => <option key={name} value={name} />)}</datalist>
      )}
      <Remarks id={id} remark={remark} error={error} />
    </div>
  );
}

export interface TextAreaProps extends Labelled {
  value: string;
  onValue: (value: string) => void;
  rows: number;
  placeholder?: string;
}

export function TextArea({ label, remark, error, class: extra, value, onValue, rows, placeholder }: TextAreaProps) {
  const id = useId();
  return (
    <div class={`field ${extra ?? ''}`}>
      <label for={id}>{label}</label>
      <textarea
        id={id}
        rows={rows}
        value={value}
        placeholder={placeholder}
        spellcheck={false}
        onInput={(event) => onValue(event.currentTarget.value)}
        {...described(id, remark, error)}
      />
      <Remarks id={id} remark={remark} error={error} />
    </div>
  );
}

export interface Choice {
  value: string;
  words: string;
}

export interface SelectFieldProps extends Labelled {
  value: string;
  choices: readonly Choice[];
  onValue: (value: string) => void;
}

export function SelectField({ label, remark, error, class: extra, value, choices, onValue }: SelectFieldProps) {
  const id = useId();
  return (
    <div class={`field ${extra ?? ''}`}>
      <label for={id}>{label}</label>
      <select id={id} value={value} onChange={(event) => onValue(event.currentTarget.value)} {...described(id, remark, error)}>
        {choices.map((choice) => (
          <option key={choice.value} value={choice.value} selected={choice.value === value}>{choice.words}</option>
        ))}
      </select>
      <Remarks id={id} remark={remark} error={error} />
    </div>
  );
}

export function CheckField({ label, value, onValue }: { label: ComponentChildren; value: boolean; onValue: (value: boolean) => void }) {
  return (
    <label class="check">
      <input type="checkbox" checked={value} onChange={(event) => onValue(event.currentTarget.checked)} /> {label}
    </label>
  );
}

function described(id: string, remark: string | undefined, error: string | undefined) {
  const ids = [error === undefined ? '' : `${id}-error`, remark === undefined ? '' : `${id}-remark`].filter((each) => each !== '');
  return {
    'aria-describedby': ids.length === 0 ? undefined : ids.join(' '),
    'aria-invalid': error === undefined ? undefined : ('true' as const),
  };
}

function Remarks({ id, remark, error }: { id: string; remark: string | undefined; error: string | undefined }) {
  return (
    <>
      {error !== undefined && <span class="error" id={`${id}-error`}>{error}</span>}
      {remark !== undefined && <span class="remark" id={`${id}-remark`}>{remark}</span>}
    </>
  );
}
