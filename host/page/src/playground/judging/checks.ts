// The checks of host/policy/src/checks.rs: what leaves a policy is trusted only within bounds.

import type { Denial, FactQuery, Finding, Manifest, Outcome, Violation } from '../policy/contract';

/** Longest text of one member, of a fact's variable, and of a name, in bytes. */
const TEXT = 4096;
const VALUE = 64 * 1024;
const NAME = 256;
/** Most entries of one list other than violations and findings. */
const ENTRIES = 256;
/** The response fields that a policy may set. */
const FIELDS = ['allow', 'version', 'www-authenticate'];

const bytes = (text: string) => new TextEncoder().encode(text).length;
const quoted = (text: string) => JSON.stringify([...text].slice(0, 60).join(''));

/** What breaks the contract's bounds, in words; null if nothing does. */
export function fault(outcome: Outcome, manifest: Manifest, violations: number): string | null {
  switch (outcome.tag) {
    case 'allow':
      return each('findings', outcome.value, violations, finding);
    case 'deny':
      return denial(outcome.value, violations);
    case 'need':
      if (outcome.value.length === 0) return 'it needs facts but names none';
      return each('fact queries', outcome.value, ENTRIES, (query) => factQuery(query, manifest));
  }
}

function denial(denial: Denial, most: number): string | null {
  if (!isRefusal(denial.status)) return `status ${denial.status} is not between 400 and 599`;
  if (denial.violations.length === 0) return 'it denies without a violation';
  return (
    each('fields', denial.fields, ENTRIES, ({ name, value }) =>
      FIELDS.includes(name) ? text('a response field', value, TEXT) : `it sets the response field ${quoted(name)}`,
    ) ??
    named('the rule', denial.rule) ??
    filled('the title', denial.title) ??
    filled('the detail', denial.detail) ??
    each('violations', denial.violations, most, violation) ??
    each('findings', denial.findings, most, finding)
  );
}

function factQuery({ name, variables }: FactQuery, manifest: Manifest): string | null {
  if (!manifest.facts.some((fact) => fact.name === name)) {
    return `it asks for the fact ${quoted(name)}, which its manifest does not declare`;
  }
  return each('variables', variables, ENTRIES, (one) => named('a variable', one.name) ?? text('a variable', one.value, VALUE));
}

function finding({ status, violation: broken }: Finding): string | null {
  return isRefusal(status) ? violation(broken) : `a finding's status ${status} is not between 400 and 599`;
}

function violation({ rule, location, detail, clause }: Violation): string | null {
  return (
    named('a rule', rule) ??
    place(location) ??
    filled('a detail', detail) ??
    (clause === null ? null : text('a clause', clause, TEXT))
  );
}

function place(location: Violation['location']): string | null {
  switch (location.tag) {
    case 'request':
      return null;
    case 'body':
      return text('a pointer', location.value, TEXT);
    case 'header':
      return named('a header field', location.value);
    case 'query':
      return text('a parameter', location.value, TEXT);
    case 'path':
      return named('a path variable', location.value);
  }
}

const isRefusal = (status: number) => status >= 400 && status <= 599;

function each<T>(what: string, entries: readonly T[], most: number, entry: (one: T) => string | null): string | null {
  if (entries.length > most) return `it has ${entries.length} ${what}; ${most} is the most`;
  for (const one of entries) {
    const found = entry(one);
    if (found !== null) return found;
  }
  return null;
}

function text(what: string, value: string, most: number): string | null {
  if (bytes(value) > most) return `${what} has ${bytes(value)} bytes; ${most} is the most`;
  return /\p{Cc}/u.test(value) ? `${what} holds a control character: ${quoted(value)}` : null;
}

function filled(what: string, value: string): string | null {
  return value === '' ? `${what} is empty` : text(what, value, TEXT);
}

function named(what: string, value: string): string | null {
  return value === '' ? `${what} has no name` : text(what, value, NAME);
}
