// All settings of a policy: how many are not at their defaults, and the forms.

import type { ComponentChildren } from 'preact';
import { OptionsForm, SeveritiesForm } from './form';
import type { SettingDefinitions, Settings } from './settings';

export interface AllSettingsProps {
  /** Null while they are not known. */
  definitions: SettingDefinitions | null;
  settings: Settings;
  onSettings: (settings: Settings) => void;
  /** What can be done with them. */
  action: ComponentChildren;
  children?: ComponentChildren;
}

export function AllSettings({ definitions, settings, onSettings, action, children }: AllSettingsProps) {
  const count = Object.keys(settings.options).length + Object.keys(settings.severities).length;
  return (
    <>
      <div class="row">
        <p class="grow" role="status">{count === 0 ? 'Everything is at its default.' : count === 1 ? '1 setting is not at its default.' : `${count} settings are not at their defaults.`}</p>
        <button type="button" aria-disabled={count === 0} onClick={() => onSettings({ options: {}, severities: {} })}>All defaults again</button>
        {action}
      </div>
      {children}
      {definitions !== null && (
        <>
          <section class="stack" aria-labelledby="options">
            <h2 id="options">Options</h2>
            <OptionsForm definitions={definitions} settings={settings} onSettings={onSettings} />
          </section>
          <SeveritiesForm definitions={definitions} settings={settings} onSettings={onSettings} />
        </>
      )}
    </>
  );
}
