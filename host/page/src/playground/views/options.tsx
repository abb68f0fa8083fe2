// Options and severities; the request is judged with them.

import { useMemo } from 'preact/hooks';
import { OptionsForm, SeveritiesForm } from '../../shared/settings/form';
import type { Settings } from '../../shared/settings/settings';
import { definitionsOf } from '../site/definitions';
import type { Playground } from '../site/playground';
import { address } from '../site/route';

export function OptionsView({ playground }: { playground: Playground }) {
  const { chosen, loaded } = playground.state;
  const definitions = useMemo(() => (loaded === null ? null : definitionsOf(loaded.manifest)), [loaded]);
  if (chosen === null || definitions === null) return null;
  const { draft } = chosen;
  const count = Object.keys(draft.options).length + Object.keys(draft.severities).length;
  const put = ({ options, severities }: Settings) => playground.change({ ...chosen, draft: { ...draft, options, severities } });
  const form = { definitions, settings: draft, onSettings: put };
  return (
    <div class="stack">
      <p>What is set here holds for the request on this page, as <code>--set</code> and <code>--severity</code> do at a gate. Cases have settings of their own.</p>
      <div class="row">
        <p class="grow" role="status">{count === 0 ? 'Everything is at its default.' : count === 1 ? '1 setting is not at its default.' : `${count} settings are not at their defaults.`}</p>
        <button type="button" aria-disabled={count === 0} onClick={() => put({ options: {}, severities: {} })}>All defaults again</button>
        <a class="button" href={address('request')} onClick={() => void playground.ask(chosen)}>Judge the request with these</a>
      </div>
      <section class="stack" aria-labelledby="options"><h2 id="options">Options</h2><OptionsForm {...form} /></section>
      <SeveritiesForm {...form} />
    </div>
  );
}
