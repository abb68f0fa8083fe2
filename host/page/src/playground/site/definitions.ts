// The settings of a policy, by what it says of itself (host/contract/src/option_kind.rs).

import type { OptionDefinition, OptionKind, SettingDefinitions } from '../../shared/settings/settings';
import type { Manifest, OptionDefinition as Declared } from '../policy/contract';

export function definitionsOf(manifest: Manifest): SettingDefinitions {
  return {
    options: manifest.options.map(optionOf),
    severities: manifest.rules.map(({ id, title, severity }) => ({ rule: id, title, default: severity, byOption: [] })),
  };
}

function optionOf({ name, default: text, values, doc }: Declared): OptionDefinition {
  const standard = JSON.parse(text) as unknown;
  const allowed = values.map((value) => JSON.parse(value) as unknown);
  const kind = kindOf(standard);
  // Of a map, the one entry says what its values are.
  const of = kind === 'map' ? ((allowed[0] as { of?: string } | undefined)?.of ?? null) : null;
  return { name, kind, of, values: kind === 'map' || allowed.length === 0 ? null : allowed, default: standard, doc };
}

function kindOf(standard: unknown): OptionKind {
  if (typeof standard === 'boolean') return 'boolean';
  if (typeof standard === 'number') return 'integer';
  if (Array.isArray(standard)) return 'strings';
  return typeof standard === 'object' && standard !== null ? 'map' : 'string';
}
