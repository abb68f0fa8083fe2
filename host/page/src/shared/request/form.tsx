// The form of a request: what is sent, and what is known beside it.

import { useState } from 'preact/hooks';
import { CheckField, SelectField, TextArea, TextField } from '../fields';
import { CALLER_PARTS, isList, slipsOf, type CallerPart, type Draft, type Mode } from './question';
import './request.css';

const METHODS = ['GET', 'POST', 'PATCH', 'PUT', 'DELETE', 'HEAD', 'OPTIONS'].map((name) => ({ value: name, words: name }));

const FIELD_NAMES = ['Version', 'Content-Type', 'Accept', 'Authorization', 'If-Match'];

const CALLER_WORDS: Record<CallerPart, string> = {
  subject: 'Subject',
  tenant: 'Tenant',
  roles: 'Roles, one a line',
  scopes: 'Scopes, one a line',
  certificateNames: 'Names in the client certificate, one a line',
  sourceAddress: 'Source address',
};

export interface RequestFormProps {
  draft: Draft;
  onDraft: (draft: Draft) => void;
  /** Is called by Ctrl-Enter too. */
  onJudge: () => void;
  busy: boolean;
}

export function RequestForm({ draft, onDraft, onJudge, busy }: RequestFormProps) {
  const [opened, setOpened] = useState(false);
  const change = (part: Partial<Draft>) => onDraft({ ...draft, ...part });
  const slips = slipsOf(draft);
  const caller = CALLER_PARTS.filter((part) => draft.caller[part] !== '').length;
  return (
    <form
      class="stack request"
      onSubmit={(event) => {
        event.preventDefault();
        onJudge();
      }}
      onKeyDown={(event) => {
        if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) {
          event.preventDefault();
          onJudge();
        }
      }}
    >
      <div class="row line">
        <SelectField label="Method" value={draft.method} choices={methods(draft.method)} onValue={(method) => change({ method })} />
        <TextField class="grow" label="Target" code value={draft.target} placeholder="/vnflcm/v2/vnf_instances" onValue={(target) => change({ target })} />
      </div>
      <HeaderFields headers={draft.headers} onHeaders={(headers) => change({ headers })} />
      <TextArea label="Body" rows={8} value={draft.body} onValue={(body) => change({ body })} />
      {draft.bodyIncomplete && (
        <CheckField label="The door stopped reading here: the body is too large" value onValue={(bodyIncomplete) => change({ bodyIncomplete })} />
      )}
      <TextArea
        label="Facts"
        rows={6}
        value={draft.facts}
        onValue={(facts) => change({ facts })}
        error={slips.facts}
        remark="What the VNFM or NFVO answers, by the name of the fact, in JSON. A document, or its status, as in {&quot;opOcc&quot;: {&quot;status&quot;: 404}}."
      />
      <details open={opened || caller > 0} onToggle={(event) => setOpened(event.currentTarget.open)}>
        <summary>Caller{caller > 0 ? '' : ' (nobody is known)'}</summary>
        <div class="callers">
          {CALLER_PARTS.map((part) => {
            const props = {
              label: CALLER_WORDS[part],
              value: draft.caller[part],
              onValue: (value: string) => change({ caller: { ...draft.caller, [part]: value } }),
            };
            return isList(part) ? <TextArea key={part} rows={2} {...props} /> : <TextField key={part} {...props} />;
          })}
        </div>
      </details>
      <div class="row">
        <TextField
          label="Received at"
          class="grow"
          code
          value={draft.receivedAt}
          placeholder="now, or 2026-11-28T22:30:00Z"
          onValue={(receivedAt) => change({ receivedAt })}
        />
        <SelectField
          label="Mode"
          value={draft.mode}
          choices={[
            { value: 'enforce', words: 'enforce' },
            { value: 'monitor', words: 'monitor: nothing is denied' },
          ]}
          onValue={(mode) => change({ mode: mode as Mode })}
        />
        <button type="submit" class="first" aria-disabled={busy}>Judge</button>
      </div>
    </form>
  );
}

function methods(method: string) {
  return METHODS.some(({ value }) => value === method) ? METHODS : [{ value: method, words: method }, ...METHODS];
}

function HeaderFields({ headers, onHeaders }: { headers: Draft['headers']; onHeaders: (headers: Draft['headers']) => void }) {
  const replace = (at: number, field: [string, string]) => onHeaders(headers.map((other, index) => (index === at ? field : other)));
  return (
    <fieldset class="headers">
      <legend>Header fields</legend>
      {headers.map(([name, value], at) => (
        <div class="header" key={at}>
          <input
            class="mono"
            aria-label={`Name of header field ${at + 1}`}
            list="header-names"
            value={name}
            onInput={(event) => replace(at, [event.currentTarget.value, value])}
          />
          <input
            class="mono"
            aria-label={`Value of header field ${at + 1}${name === '' ? '' : `, ${name}`}`}
            value={value}
            onInput={(event) => replace(at, [name, event.currentTarget.value])}
          />
          <button
            type="button"
            class="small"
            aria-label={`Remove header field ${at + 1}${name === '' ? '' : `, ${name}`}`}
            onClick={() => onHeaders(headers.filter((_, index) => index !== at))}
          >
            Remove
          </button>
        </div>
      ))}
      <datalist id="header-names">{FIELD_NAMES.map((name) => <option key={name} value={name} />)}</datalist>
      <button type="button" class="small" onClick={() => onHeaders([...headers, ['', '']])}>Add a header field</button>
    </fieldset>
  );
}
