// What can be set of a policy without building it again.

/** From the mildest on. */
export const SEVERITIES = ['off', 'audit', 'warn', 'deny'] as const;
export type Severity = (typeof SEVERITIES)[number];

/** Those that are not the defaults. */
export interface Settings {
  options: Record<string, unknown>;
  severities: Record<string, Severity>;
}

export type OptionKind = 'boolean' | 'integer' | 'string' | 'strings' | 'map';

export interface OptionDefinition {
  name: string;
  kind: OptionKind;
  /** What the values of a map are. */
  of: string | null;
  /** The values that are allowed, if there are few. */
  values: unknown[] | null;
  default: unknown;
  doc: string;
}

export interface RuleSeverity {
  rule: string;
  title: string;
  default: Severity;
  byOption: { option: string; severity: Severity }[];
}

export interface SettingDefinitions {
  options: OptionDefinition[];
  severities: RuleSeverity[];
}

/** `members` with another value; `undefined` takes it out, so that the default holds again. */
export function withMember<T>(members: Record<string, T>, name: string, value: T | undefined): Record<string, T> {
  const others = Object.entries(members).filter(([other]) => other !== name);
  return Object.fromEntries(value === undefined ? others : [...others, [name, value]]);
}
