// The rule book: search, and what each rule asks, why, and what to do.

import { useEffect, useRef } from 'preact/hooks';
import { SelectField, TextField } from '../fields';
import { SourceLink } from '../links';
import { Prose } from '../prose';
import { stageWords } from '../verdict/judged';
import { filtered, stageOf, type Book, type BookFilter, type BookRule } from './rules';
import './book.css';

const KINDS: Record<string, string> = {
  engine: 'rules of the engine',
  schema: 'rules of the schema',
  exists: 'existence of resources',
  ifMatch: 'If-Match',
  condition: 'conditions',
};

export interface RuleBookProps {
  book: Book;
  filter: BookFilter;
  onFilter: (filter: BookFilter) => void;
  /** The rule that is shown open. */
  chosen: string | null;
  /** Where a rule stands alone. */
  ruleAt: (id: string) => string;
  /** More about a rule, such as its coverage. */
  aside?: (id: string) => preact.ComponentChildren;
}

export function RuleBook({ book, filter, onFilter, chosen, ruleAt, aside }: RuleBookProps) {
  const rules = filtered(book, filter);
  const stages = [...new Set(book.rules.map(stageOf))];
  return (
    <div class="stack">
      <search class="row">
        <TextField class="grow" label="Search" type="search" value={filter.text} onValue={(text) => onFilter({ ...filter, text })} />
        <SelectField
          label="Operation"
          value={filter.operation}
          choices={[{ value: '', words: 'every operation' }, ...book.operations.map(({ id }) => ({ value: id, words: id }))]}
          onValue={(operation) => onFilter({ ...filter, operation })}
        />
        <SelectField
          label="Stage"
          value={filter.stage}
          choices={[{ value: '', words: 'every stage' }, ...stages.map((stage) => ({ value: stage, words: KINDS[stage] ?? stageWords(stage) }))]}
          onValue={(stage) => onFilter({ ...filter, stage })}
        />
      </search>
      <p role="status">{rules.length === book.rules.length ? `${rules.length} rules` : `${rules.length} of ${book.rules.length} rules`}</p>
      <ul class="plain book">
        {rules.map((rule) => <Entry key={rule.id} rule={rule} open={rule.id === chosen} at={ruleAt(rule.id)} aside={aside?.(rule.id)} />)}
      </ul>
    </div>
  );
}

function Entry({ rule, open, at, aside }: { rule: BookRule; open: boolean; at: string; aside: preact.ComponentChildren }) {
  const entry = useRef<HTMLDetailsElement>(null);
  useEffect(() => {
    if (!open || entry.current === null) return;
    entry.current.open = true;
    entry.current.scrollIntoView({ block: 'start' });
    entry.current.querySelector('summary')?.focus({ preventScroll: true });
  }, [open]);
  return (
    <li>
      <details class="panel entry" ref={entry}>
        <summary>
          <code class="id">{rule.id}</code> <span class="title">{rule.title}</span>{' '}
          <span class="mark">{rule.status}</span> <span class={`mark ${severityMark(rule.severity.default)}`}>{rule.severity.default}</span> {aside}
        </summary>
        <div class="stack tight body">
          {rule.doc !== '' && <Prose text={rule.doc} />}
          {rule.condition !== null && <pre class="document">{conditionText(rule)}</pre>}
          <dl class="facts">
            <Term name="Operations">{rule.operations.length === 0 ? 'every one' : rule.operations.join(', ')}</Term>
            <Term name="Stage">{rule.stage == null ? (KINDS[rule.kind] ?? rule.kind) : stageWords(rule.stage)}</Term>
            {rule.clause !== null && <Term name="Clause">{rule.clause}</Term>}
            {rule.statusVaries && <Term name="Status">{rule.status}, or another by an option</Term>}
            {rule.severity.byOption.length > 0 && (
              <Term name="Severity">{rule.severity.byOption.map(({ option, severity }) => `${severity} with ${option}`).join('; ')}</Term>
            )}
            {rule.options.length > 0 && <Term name="Options">{rule.options.join(', ')}</Term>}
            {rule.facts.length > 0 && <Term name="Facts">{rule.facts.map(({ name, path }) => `${name} (${path})`).join(', ')}</Term>}
            {rule.pointers.length > 0 && <Term name="Looks at"><code>{rule.pointers.join(' ')}</code></Term>}
            {rule.fields.length > 0 && <Term name="Header fields">{rule.fields.join(', ')}</Term>}
            {rule.ages && <Term name="Ages">it compares with a list that later versions of the API extend</Term>}
            <Term name="Written in">
              {rule.place === null ? (rule.inherited ? 'the bundle that is extended' : 'the engine') : <SourceLink place={rule.place} />}
            </Term>
          </dl>
          <p><a href={at}>Link to {rule.id}</a></p>
        </div>
      </details>
    </li>
  );
}

function Term({ name, children }: { name: string; children: preact.ComponentChildren }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}

function severityMark(severity: string): string {
  return severity === 'deny' ? 'bad' : severity === 'warn' ? 'warn' : '';
}

function conditionText(rule: BookRule): string {
  const { condition } = rule;
  if (condition === null) return '';
  const { variables, when, forEach, require, pointer, header, parameter } = condition;
  const lines = variables.map(([name, expression]) => `${name} = ${expression}`);
  const members: [string, string | null | undefined][] = [['when', when], ['forEach', forEach], ['require', require], ['pointer', pointer], ['header', header], ['parameter', parameter]];
  for (const [name, value] of members) if (value != null) lines.push(`${name}: ${value.trim()}`);
  return lines.join('\n');
}
