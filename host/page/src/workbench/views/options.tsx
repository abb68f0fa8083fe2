// Options and severities; the request is judged with them.

import { Busy } from '../../shared/busy';
import { OptionsForm, SeveritiesForm } from '../../shared/settings/form';
import type { Settings } from '../../shared/settings/settings';
import { server } from '../server/client';
import { useAnswer } from '../state/answer';
import { judge } from '../state/judging';
import { address } from '../state/route';
import { overlayOf, useStore, useWorkbench } from '../state/store';
import { Fault } from './fault';

export function OptionsView() {
  const store = useStore();
  const state = useWorkbench();
  const overlay = overlayOf(state);
  const { value, fault, busy } = useAnswer(JSON.stringify(overlay), (signal) => server.options(overlay, signal));
  const { draft } = state;
  const count = Object.keys(draft.options).length + Object.keys(draft.severities).length;
  const put = (settings: Settings) => store.set({ draft: { ...draft, options: settings.options, severities: settings.severities } });
  const form = value === null ? null : { definitions: value, settings: draft, onSettings: put };
  return (
    <div class="stack">
      <p>What is set here holds for the requests that are judged here, as <code>--set</code> and <code>--severity</code> do elsewhere. The files stay as they are.</p>
      <div class="row">
        <p class="grow" role="status">{count === 0 ? 'Everything is at its default.' : count === 1 ? '1 setting is not at its default.' : `${count} settings are not at their defaults.`}</p>
        <button type="button" aria-disabled={count === 0} onClick={() => put({ options: {}, severities: {} })}>All defaults again</button>
        <a
          class="button"
          href={address('request')}
          onClick={(event) => {
            if (draft.target === '') return;
            event.preventDefault();
            void judge(store, draft);
          }}
        >
          Judge the request with these
        </a>
      </div>
      <Busy words={busy && value === null ? 'The definitions are read' : null} />
      <Fault problem={fault} />
      {form !== null && (
        <>
          <section class="stack" aria-labelledby="options"><h2 id="options">Options</h2><OptionsForm {...form} /></section>
          <SeveritiesForm {...form} />
        </>
      )}
    </div>
  );
}
