// What the policy is, and how it judges: wit/policy.wit, which says what each member means, in
// JavaScript. Names in kebab-case are in camelCase here.

const API_ROOT = '/vnflcm/v2';
const TERMINATE = /^\/vnf_instances\/([^/?]+)\/terminate(?:\?.*)?$/;

// The host knows the rules by this table: what a denial names must be here.
const RULES = {
  'terminate.size': { status: 413, title: 'The body is too large' },
  'terminate.body': { status: 400, title: 'The body is not a JSON object' },
  'terminate.forceful': { status: 403, title: 'FORCEFUL is not allowed' },
  'terminate.exists': { status: 404, title: 'There is no such VNF instance' },
  'terminate.state': { status: 409, title: 'The VNF instance is not instantiated' },
};

const OPTIONS = {
  allowForceful: { default: false, doc: 'Whether terminationType may be FORCEFUL.' },
};

const BODY_BYTES = 1048576;
// A 64-bit number is a Number to QuickJS, which has no TextDecoder, and a BigInt to componentize-js.
const u64 = typeof TextDecoder === 'undefined' ? Number : BigInt;

function describe() {
  return {
    name: 'my-policy',
    version: '0.1.0',
    // Empty: the host takes the SHA-256 of the file.
    digest: '',
    // The header fields that `evaluate` reads, in lower case.
    fields: [],
    apiRoots: [API_ROOT],
    operations: [{ id: 'terminate', method: 'POST', path: '/vnf_instances/{vnfInstanceId}/terminate' }],
    facts: [
      {
        name: 'vnfInstance',
        path: '/vnf_instances/{vnfInstanceId}',
        query: [],
        plainOn400: false,
        members: ['id', 'instantiationState'],
        isList: false,
      },
    ],
    options: Object.entries(OPTIONS).map(([name, option]) => ({
      name,
      default: JSON.stringify(option.default),
      values: [],
      doc: option.doc,
    })),
    rules: Object.entries(RULES).map(([id, rule]) => ({
      id,
      severity: 'deny',
      status: rule.status,
      title: rule.title,
      clause: undefined,
      operations: ['terminate'],
    })),
    limits: { bodyBytes: u64(BODY_BYTES), targetBytes: 8192, depth: 64 },
    secrets: [],
  };
}

function evaluate(request, context) {
  const settings = settingsOf(context);
  const findings = [];
  const denied = (rule, location, detail) => fail(rule, location, detail, settings, findings);
  const allow = () => ({ tag: 'allow', val: findings });

  const route = request.method === 'POST' && request.target.startsWith(API_ROOT)
    ? TERMINATE.exec(request.target.slice(API_ROOT.length))
    : null;
  // The VNFM judges what this policy has no rules for.
  if (!route) return allow();

  const whole = { tag: 'body', val: '' };
  if (!request.bodyComplete) {
    return denied('terminate.size', whole, `The body has more than ${BODY_BYTES} bytes. Send less.`) ?? allow();
  }
  const body = parsed(request.body);
  if (body === null || typeof body !== 'object' || Array.isArray(body)) {
    return denied('terminate.body', whole, 'The body is not a JSON object. Send a TerminateVnfRequest.') ?? allow();
  }
  if (body.terminationType === 'FORCEFUL' && settings.options.allowForceful !== true) {
    const detail = 'terminationType is FORCEFUL, which is not allowed here. Send GRACEFUL.';
    const denial = denied('terminate.forceful', { tag: 'body', val: '/terminationType' }, detail);
    if (denial) return denial;
  }

  const id = decoded(route[1]);
  const fact = context.facts.find((fact) => fact.name === 'vnfInstance');
  if (!fact) {
    // The host asks the VNFM, and calls again with the answer.
    return { tag: 'need', val: [{ name: 'vnfInstance', variables: [{ name: 'vnfInstanceId', value: id }] }] };
  }
  const path = { tag: 'path', val: 'vnfInstanceId' };
  if (fact.answer.tag === 'absent') {
    return denied('terminate.exists', path, `The VNFM knows no VNF instance ${id}.`) ?? allow();
  }
  // 'withheld' and 'unavailable': nothing is known, so nothing is wrong.
  if (fact.answer.tag === 'found') {
    const state = parsed(fact.answer.val.body)?.instantiationState;
    if (state === 'NOT_INSTANTIATED') {
      return denied('terminate.state', path, `VNF instance ${id} is ${state}. Instantiate it first.`) ?? allow();
    }
  }
  return allow();
}

// The options and severities in force: those of the manifest, and what the operator has set.
function settingsOf(context) {
  const options = Object.fromEntries(Object.entries(OPTIONS).map(([name, option]) => [name, option.default]));
  const severities = {};
  for (const setting of context.settings) {
    if (setting.tag === 'option') options[setting.val.name] = JSON.parse(setting.val.value);
    else severities[setting.val[0]] = setting.val[1];
  }
  return { options, severities };
}

// A rule is broken: a denial, or a finding, or nothing, by the severity of the rule.
function fail(rule, location, detail, settings, findings) {
  const severity = settings.severities[rule] ?? 'deny';
  const { status, title } = RULES[rule];
  const violation = { rule, location, detail: printable(detail), clause: undefined };
  if (severity === 'deny') {
    const val = { status, rule, title, detail: violation.detail, violations: [violation], fields: [], findings };
    return { tag: 'deny', val };
  }
  if (severity !== 'off') findings.push({ severity, status, violation });
  return undefined;
}

// The value of JSON text; undefined if it is not JSON.
function parsed(bytes) {
  try {
    return JSON.parse(text(bytes));
  } catch {
    return undefined;
  }
}

// UTF-8 as a text. Not every engine has TextDecoder.
function text(bytes) {
  let encoded = '';
  for (const byte of bytes) encoded += `%${byte.toString(16).padStart(2, '0')}`;
  return decodeURIComponent(encoded);
}

// A segment of the path, without its percent-encoding.
function decoded(segment) {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}

// The host takes no control characters, and no text of more than 4096 bytes.
function printable(text) {
  // eslint-disable-next-line no-control-regex
  return text.replace(/[\u0000-\u001f\u007f-\u009f]/g, '\ufffd').slice(0, 1000);
}

export const judge = { describe, evaluate };
