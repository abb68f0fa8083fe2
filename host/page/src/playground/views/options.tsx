// Options and severities; the request is judged with them.

import { useMemo } from 'preact/hooks';
import { AllSettings } from '../../shared/settings/all';
import type { Settings } from '../../shared/settings/settings';
import { definitionsOf } from '../site/definitions';
import type { Playground } from '../site/playground';
import { address } from '../site/route';

export function OptionsView({ playground }: { playground: Playground }) {
  const { chosen, loaded } = playground.state;
  const definitions = useMemo(() => (loaded === null ? null : definitionsOf(loaded.manifest)), [loaded]);
  if (chosen === null || definitions === null) return null;
  const { draft } = chosen;
  const put = ({ options, severities }: Settings) => playground.change({ ...chosen, draft: { ...draft, options, severities } });
  return (
    <div class="stack">
      <p>What is set here holds for the request on this page, as <code>--set</code> and <code>--severity</code> do at a gate. Cases have settings of their own.</p>
      <AllSettings
        definitions={definitions}
        settings={draft}
        onSettings={put}
        action={<a class="button" href={address('request')} onClick={() => void playground.ask(chosen)}>Judge the request with these</a>}
      />
    </div>
  );
}
