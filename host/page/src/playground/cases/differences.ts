// Where a verdict is not the one that a case expects (host/cases/src/difference.rs), in the shape
// of `solgate test --format json`.

import type { Finding, Location, Violation } from '../policy/contract';
import type { Ran } from '../messages';
import type { Difference, Expect } from './case';

/** Nothing, if the verdict is the expected one. There must be a verdict. */
export function differences(ran: Ran, expect: Expect): Difference[] {
  const denial = ran.verdict === 'deny' ? ran.denial : null;
  const findings = denial?.findings ?? (ran.verdict === 'allow' ? ran.findings : []);
  const of = (severity: Finding['severity']) => findings.filter((finding) => finding.severity === severity);
  // In monitor mode, what would have denied is a finding.
  const violations = [...(denial?.violations ?? []), ...of('deny').map((finding) => finding.violation)];
  const failed = (severity: Finding['severity']) => of(severity).map((finding) => finding.violation.rule);
  const different: Difference[] = [];
  const status = denial?.status ?? null;
  if (status !== expect.status) {
    different.push({ member: 'verdict', expected: verdict(expect.status), found: verdict(status) });
  }
  const names = (member: string, expected: string[] | null, found: string[]) => {
    const all = [...new Set(found)].sort(byBytes);
    if (expected !== null && expected.join('\n') !== all.join('\n')) different.push({ member, expected, found: all });
  };
  const places = (member: string, expected: string[], holds: (place: string, location: Location) => boolean) => {
    const missing = expected.filter((place) => !violations.some(({ location }) => holds(place, location)));
    if (missing.length > 0) {
      different.push({ member, expected: missing, found: violations.map(({ location }) => placeOf(location)) });
    }
  };
  names('rules', expect.rules, violations.map(({ rule }) => rule));
  places('pointers', expect.pointers, (place, at) => at.tag === 'body' && at.value === place);
  places('header', some(expect.header), (place, at) => at.tag === 'header' && lower(at.value) === lower(place));
  places('parameter', some(expect.parameter), (place, at) => (at.tag === 'query' || at.tag === 'path') && at.value === place);
  const said = details(ran);
  for (const text of expect.mentions) {
    if (!said.some((detail) => detail.includes(text))) different.push({ member: 'mentions', expected: text });
  }
  const texts = textsOf(ran, findings);
  for (const text of expect.omits) {
    if (texts.some((each) => each.includes(text))) different.push({ member: 'omits', expected: text });
  }
  names('warns', expect.warns, failed('warn'));
  names('audits', expect.audits, failed('audit'));
  names('asks', expect.asks, ran.asked);
  for (const [name, expected] of Object.entries(expect.fields)) {
    const found = denial?.fields.find((field) => field.name === name)?.value ?? null;
    if (found !== expected) different.push({ member: 'fields', field: name, expected, found });
  }
  return different;
}

/** What a verdict says: the details of a denial and of findings, each once. */
export function details(ran: Ran): string[] {
  if (ran.verdict === 'allow') return [...new Set(ran.findings.map(detailOf))];
  if (ran.verdict !== 'deny') return [];
  const { detail, violations, findings } = ran.denial;
  return [...new Set([detail, ...violations.map((violation) => violation.detail), ...findings.map(detailOf)])];
}

const detailOf = (finding: Finding) => finding.violation.detail;

/** Every text of an answer and of its findings. */
function textsOf(ran: Ran, findings: readonly Finding[]): string[] {
  const own =
    ran.verdict === 'deny'
      ? [
          ran.denial.title,
          ran.denial.detail,
          ran.denial.rule,
          ...ran.denial.fields.map(({ value }) => value),
          ...ran.denial.violations.flatMap(textsIn),
        ]
      : [];
  return [...own, ...findings.flatMap((finding) => textsIn(finding.violation))];
}

function textsIn({ rule, detail, location }: Violation): string[] {
  return location.tag === 'request' ? [rule, detail] : [rule, detail, location.value];
}

/** As in a ProblemDetails: nothing stands for the request as a whole. */
export function placeOf(location: Location): { pointer?: string; header?: string; parameter?: string } {
  switch (location.tag) {
    case 'request':
      return {};
    case 'body':
      return { pointer: location.value };
    case 'header':
      return { header: location.value };
    case 'query':
    case 'path':
      return { parameter: location.value };
  }
}

const verdict = (status: number | null) => (status === null ? { allow: true } : { status });
const some = (value: string | null) => (value === null ? [] : [value]);
const lower = (text: string) => text.toLowerCase();
const byBytes = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0);
