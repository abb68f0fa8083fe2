// What became of a request, as the pages show verdicts: with the ProblemDetails that a gate
// answers (host/gate/src/problem.rs).

import type { Finding as ShownFinding, Judged, Problem, Violation as ShownViolation } from '../../shared/verdict/judged';
import type { Case } from '../cases/case';
import { placeOf } from '../cases/differences';
import type { FactGiven, Given } from '../judging/given';
import type { Ran } from '../messages';
import type { Denial, FactQuery, Finding, Manifest, Violation } from '../policy/contract';
import { operationOf, rootOf } from './routing';

/** Null if there is no verdict. `cases` have examples of facts. */
export function judgedOf(ran: Ran, given: Given, manifest: Manifest, digest: string, cases: readonly Case[]): Judged | null {
  if (ran.verdict === 'none') return null;
  const { method, target } = given.request;
  const problem = ran.verdict === 'deny' ? problemOf(ran.denial, target) : null;
  const findings = ran.verdict === 'deny' ? ran.denial.findings : ran.verdict === 'allow' ? ran.findings : [];
  return {
    verdict: ran.verdict === 'need' ? 'unknown' : ran.verdict,
    status: problem?.status ?? null,
    operation: operationOf(manifest, method, target),
    problem,
    fields: ran.verdict === 'deny' && problem !== null ? fieldsOf(ran.denial, problem) : null,
    findings: findings.map(findingOf),
    facts: ran.asked.map((name) => ({ name, outcome: outcomeOf(given.context.facts[name]) })),
    policies: [{ name: manifest.name, digest }],
    explanation: ran.verdict === 'need' ? missing(ran.missing, target, manifest, cases) : null,
    milliseconds: ran.milliseconds,
  };
}

function problemOf({ title, status, detail, violations }: Denial, target: string): Problem {
  return { title, status, detail, instance: target.split('?')[0] ?? target, violations: violations.map(violationOf) };
}

function violationOf({ rule, location, detail, clause }: Violation): ShownViolation {
  return { rule, ...placeOf(location), detail, ...(clause === null ? {} : { clause }) };
}

function findingOf({ severity, status, violation }: Finding): ShownFinding {
  return { ...violationOf(violation), severity, status };
}

function fieldsOf({ fields }: Denial, problem: Problem): Record<string, string> {
  return {
    ...Object.fromEntries(fields.map(({ name, value }) => [name, value])),
    'content-type': 'application/problem+json',
    'content-length': String(new TextEncoder().encode(JSON.stringify(problem)).length),
  };
}

function outcomeOf(given: FactGiven | undefined): string {
  return given?.answer ?? 'not given';
}

function missing(queries: readonly FactQuery[], target: string, manifest: Manifest, cases: readonly Case[]): Judged['explanation'] {
  const shown = queries.map((query) => ({
    name: query.name,
    target: targetOf(query, target, manifest),
    example: exampleOf(query.name, manifest, cases),
  }));
  return {
    apiRoot: rootOf(manifest, target),
    path: {},
    deniedIn: null,
    asked: queries.map(({ name }) => ({ name, rules: [] })),
    missing: shown,
    evaluations: [],
  };
}

/** What a gate would ask the VNFM for. */
function targetOf({ name, variables }: FactQuery, target: string, manifest: Manifest): string | null {
  const template = manifest.facts.find((fact) => fact.name === name);
  if (template === undefined) return null;
  const values = new Map(variables.map((variable) => [variable.name, variable.value]));
  const filled = (text: string) => text.replace(/\{([^}]*)\}/g, (_, variable: string) => encodeURIComponent(values.get(variable) ?? ''));
  const query = template.query.map(([key, value]) => (value === null ? key : `${key}=${filled(value)}`)).join('&');
  return `${rootOf(manifest, target) ?? ''}${filled(template.path)}${query === '' ? '' : `?${query}`}`;
}

/** What the VNFM has in a case, or the members that the policy reads. */
function exampleOf(name: string, manifest: Manifest, cases: readonly Case[]): unknown {
  for (const { context } of cases) {
    const known = context.facts[name];
    if (known?.answer === 'found') return JSON.parse(known.body) as unknown;
  }
  const template = manifest.facts.find((fact) => fact.name === name);
  const item = Object.fromEntries((template?.members ?? []).map((member) => [member, '']));
  return template?.isList === true ? [item] : item;
}
