// The settings that a request is judged with, in a line.

import { addressOf } from '../route';
import type { Settings } from './settings';

export function SettingsInUse({ settings }: { settings: Settings }) {
  const options = Object.entries(settings.options).map(([name, value]) => `${name} = ${JSON.stringify(value)}`);
  const severities = Object.entries(settings.severities).map(([rule, severity]) => `${rule}: ${severity}`);
  const all = [...options, ...severities];
  return (
    <p class="remark">
      {all.length === 0 ? 'Options and severities are the defaults.' : <>With <code>{all.join(', ')}</code>.</>} <a href={addressOf('options')}>Change them</a>
    </p>
  );
}
