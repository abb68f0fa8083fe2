// Options and severities; the request is judged with them.

import { Busy } from '../../shared/busy';
import { AllSettings } from '../../shared/settings/all';
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
  const put = (settings: Settings) => store.set({ draft: { ...draft, options: settings.options, severities: settings.severities } });
  return (
    <div class="stack">
      <p>What is set here holds for the requests that are judged here, as <code>--set</code> and <code>--severity</code> do elsewhere. The files stay as they are.</p>
      <AllSettings
        definitions={value}
        settings={draft}
        onSettings={put}
        action={(
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
        )}
      >
        <Busy words={busy && value === null ? 'The definitions are read' : null} />
        <Fault problem={fault} />
      </AllSettings>
    </div>
  );
}
