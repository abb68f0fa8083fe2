// Options and severities as a form, made from their definitions.

import { useId, useState } from 'preact/hooks';
import { SelectField, TextArea, TextField } from '../fields';
import { RuleLink } from '../links';
import { Inline } from '../prose';
import { SEVERITIES, withMember, type OptionDefinition, type SettingDefinitions, type Settings, type Severity } from './settings';
import './settings.css';

export interface SettingsFormProps {
  definitions: SettingDefinitions;
  settings: Settings;
  onSettings: (settings: Settings) => void;
}

export function OptionsForm({ definitions, settings, onSettings }: SettingsFormProps) {
  if (definitions.options.length === 0) return <p>The policy has no options.</p>;
  return (
    <ul class="plain options">
      {definitions.options.map((option) => {
        const set = option.name in settings.options;
        const put = (value: unknown) => onSettings({ ...settings, options: withMember(settings.options, option.name, value) });
        return (
          <li key={option.name} class={`panel stack tight ${set ? 'set' : ''}`}>
            <OptionField option={option} value={settings.options[option.name]} onValue={put} />
            <p class="remark"><Inline text={option.doc} /></p>
            <p class="remark">
              Default: <code>{JSON.stringify(option.default)}</code>{' '}
              {set && <button type="button" class="small" aria-label={`Default again for ${option.name}`} onClick={() => put(undefined)}>Default again</button>}
            </p>
          </li>
        );
      })}
    </ul>
  );
}

interface OptionFieldProps {
  option: OptionDefinition;
  /** Undefined: the default holds. */
  value: unknown;
  onValue: (value: unknown) => void;
}

function OptionField({ option, value, onValue }: OptionFieldProps) {
  const { name, kind, values } = option;
  if (kind === 'boolean' || (values !== null && kind !== 'strings')) {
    const allowed = values ?? [true, false];
    const choices = allowed.map((each) => ({ value: JSON.stringify(each), words: String(each) }));
    return (
      <SelectField
        label={name}
        value={value === undefined ? '' : JSON.stringify(value)}
        choices={[{ value: '', words: `default (${String(option.default)})` }, ...choices]}
        onValue={(chosen) => onValue(chosen === '' ? undefined : JSON.parse(chosen))}
      />
    );
  }
  return kind === 'strings'
    ? <StringsField option={option} value={value} onValue={onValue} />
    : <TypedField option={option} value={value} onValue={onValue} />;
}

function StringsField({ option, value, onValue }: OptionFieldProps) {
  const lines = (list: unknown) => (Array.isArray(list) ? list.join('\n') : '');
  return (
    <TextArea
      label={option.name}
      rows={Math.max(2, lines(value ?? option.default).split('\n').length)}
      value={lines(value ?? option.default)}
      remark="One entry a line."
      onValue={(text) => onValue(text.split('\n').filter((line, at, all) => line !== '' || at < all.length - 1))}
    />
  );
}

/** An integer, a string, or a map as JSON: what is typed is kept while it is not a value yet. */
function TypedField({ option, value, onValue }: OptionFieldProps) {
  const { name, kind } = option;
  const [typed, setTyped] = useState<string | null>(null);
  const shown = value ?? option.default;
  const text = typed ?? (kind === 'string' ? String(shown) : JSON.stringify(shown));
  const slip = typed === null ? undefined : slipOf(kind, typed);
  const onText = (next: string) => {
    const wrong = slipOf(kind, next) !== undefined;
    setTyped(wrong ? next : null);
    if (!wrong) onValue(kind === 'string' ? next : JSON.parse(next));
  };
  return kind === 'map'
    ? <TextArea label={name} rows={3} value={text} onValue={onText} error={slip} remark={`A JSON object; each value is a ${option.of ?? 'value'}.`} />
    : <TextField label={name} value={text} onValue={onText} error={slip} />;
}

function slipOf(kind: string, text: string): string | undefined {
  if (kind === 'integer') return /^-?\d+$/.test(text.trim()) ? undefined : 'Expected an integer.';
  if (kind !== 'map') return undefined;
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? undefined : 'Expected a JSON object.';
  } catch (error) {
    return `Not JSON: ${error instanceof Error ? error.message : String(error)}`;
  }
}

export function SeveritiesForm({ definitions, settings, onSettings }: SettingsFormProps) {
  const [text, setText] = useState('');
  const heading = useId();
  const wanted = text.toLowerCase();
  const rules = definitions.severities.filter(
    ({ rule, title }) => rule in settings.severities || (wanted !== '' && `${rule} ${title}`.toLowerCase().includes(wanted)),
  );
  const put = (rule: string, severity: string) =>
    onSettings({ ...settings, severities: withMember(settings.severities, rule, severity === '' ? undefined : (severity as Severity)) });
  return (
    <section class="stack" aria-labelledby={heading}>
      <h2 id={heading}>Severities</h2>
      <TextField
        label="Find rules"
        type="search"
        value={text}
        onValue={setText}
        remark={`${definitions.severities.length} rules; those that match are shown, and those that are set.`}
      />
      <ul class="plain stack tight">
        {rules.map(({ rule, title, default: standard, byOption }) => (
          <li key={rule} class={`panel severity ${rule in settings.severities ? 'set' : ''}`}>
            <p>
              <RuleLink id={rule} /> {title}
              {byOption.length > 0 && <span class="remark"> ({byOption.map((each) => `${each.severity} with ${each.option}`).join('; ')})</span>}
            </p>
            <select aria-label={`Severity of ${rule}`} value={settings.severities[rule] ?? ''} onChange={(event) => put(rule, event.currentTarget.value)}>
              <option value="">default ({standard})</option>
              {SEVERITIES.map((severity) => <option key={severity} value={severity} selected={settings.severities[rule] === severity}>{severity}</option>)}
            </select>
          </li>
        ))}
      </ul>
    </section>
  );
}
