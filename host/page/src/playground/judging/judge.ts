// Puts a request before a policy, as a gate and `solgate test` do (host/cases/src/judge.rs).

import type { Fact, FactAnswer, FactQuery, Outcome, Request, Setting } from '../policy/contract';
import type { Fault, Ran } from '../messages';
import { fault } from './checks';
import type { FactGiven, Given } from './given';
import { projected } from './json';
import { NoVerdict } from './policy';
import type { Policy } from './policy';

/** A policy is asked that often before it must have decided. */
const ROUNDS = 3;

export function judge(policy: Policy, given: Given, mostViolations: number): Ran {
  const begun = performance.now();
  const facts = new Map<string, FactAnswer>();
  const ran = (verdict: Verdict): Ran => ({
    asked: [...facts.keys()].sort(),
    milliseconds: performance.now() - begun,
    ...verdict,
  });
  const request = requestOf(given, policy.manifest.fields);
  for (let round = 0; round < ROUNDS; round += 1) {
    let outcome: Outcome;
    try {
      outcome = policy.evaluate(request, contextOf(given, facts));
    } catch (error) {
      if (error instanceof NoVerdict) return ran({ verdict: 'none', fault: error.fault });
      throw error;
    }
    const wrong = fault(outcome, policy.manifest, mostViolations);
    if (wrong !== null) return ran(outcomeFault(wrong));
    if (outcome.tag === 'allow') return ran({ verdict: 'allow', findings: outcome.value });
    if (outcome.tag === 'deny') return ran({ verdict: 'deny', denial: outcome.value });
    const twice = outcome.value.find(({ name }) => facts.has(name));
    if (twice !== undefined) return ran(outcomeFault(`it asks twice for the fact ${twice.name}`));
    const missing = outcome.value.filter(({ name }) => given.context.facts[name] === undefined);
    if (missing.length > 0) return ran({ verdict: 'need', missing });
    for (const { name } of outcome.value) facts.set(name, answerOf(policy, name, given.context.facts[name]));
  }
  return ran(outcomeFault(`it still asks for facts after ${ROUNDS} evaluations`));
}

type Verdict =
  | { verdict: 'allow'; findings: Extract<Ran, { verdict: 'allow' }>['findings'] }
  | { verdict: 'deny'; denial: Extract<Ran, { verdict: 'deny' }>['denial'] }
  | { verdict: 'need'; missing: FactQuery[] }
  | { verdict: 'none'; fault: Fault };

function outcomeFault(why: string): Verdict {
  return { verdict: 'none', fault: { rule: 'gate.policy-outcome', why } };
}

/** Only the header fields that the policy asks for enter it. */
function requestOf({ request }: Given, wanted: readonly string[]): Request {
  const fields = request.fields.filter(([name]) => wanted.includes(name));
  return {
    method: request.method,
    target: request.target,
    // A line feed is read as a space (RFC 9110, 5.5), so that no value passes for another field.
    fields: fields.map(([name, value]) => `${name}: ${value.replaceAll('\n', ' ')}\n`).join(''),
    body: 'text' in request.body ? utf8(request.body.text) : ofBase64(request.body.base64),
    bodyComplete: request.bodyComplete,
  };
}

function contextOf({ context }: Given, facts: ReadonlyMap<string, FactAnswer>) {
  const options = context.options.map(([name, value]): Setting => ({ tag: 'option', value: { name, value } }));
  const severities = context.severities.map((value): Setting => ({ tag: 'severity', value }));
  return {
    receivedAt: context.receivedAt,
    mode: context.mode,
    caller: context.caller,
    // By name, as a gate gives them.
    facts: [...facts].map(([name, answer]): Fact => ({ name, answer })).sort((a, b) => (a.name < b.name ? -1 : 1)),
    settings: [...options, ...severities],
  };
}

function answerOf(policy: Policy, name: string, given: FactGiven | undefined): FactAnswer {
  if (given === undefined || given.answer !== 'found') return { tag: given?.answer ?? 'unavailable' };
  const declared = policy.manifest.facts.find((fact) => fact.name === name)?.members ?? [];
  return { tag: 'found', value: { etag: given.etag, body: utf8(projected(given.body, declared)) } };
}

function utf8(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

function ofBase64(text: string): Uint8Array {
  return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
}
