// How a verdict came about, stage by stage.

import { RuleLink, SourceLink } from '../links';
import { SEVERITIES, type Severity } from '../settings/settings';
import { placeWords, STAGES, stageWords, type Evaluation, type Explanation, type Judged, type RuleTrace, type StageName } from './judged';

const BECAUSE: Record<string, string> = {
  noIfMatch: 'the request has no If-Match field',
  noEtag: 'the VNFM or NFVO sent no ETag',
  unreadableBody: 'the body could not be read',
  invalidBody: 'it cannot be evaluated on a body that its schema refuses',
  absent: 'the VNFM or NFVO does not know it',
  withheld: 'the caller may not read it',
  unavailable: 'the VNFM or NFVO gave no usable answer',
  unasked: 'what it is asked for by is not there',
};

export function Stages({ judged }: { judged: Judged }) {
  const { explanation } = judged;
  if (explanation === null) return <p class="remark">This policy does not say how it comes to its verdicts: it carries no bundle.</p>;
  const byPolicy = lastOfEach(explanation.evaluations);
  if (byPolicy.length === 0) return <p>The gate itself refused the request; no policy was asked.</p>;
  return (
    <div class="stack">
      {byPolicy.map((evaluation, at) => (
        <section key={at} aria-label={evaluation.policy === undefined ? 'Stages' : `Stages of ${evaluation.policy}`}>
          {evaluation.policy !== undefined && <h3>{evaluation.policy}</h3>}
          <ol class="plain stages">
            {STAGES.map(([stage]) => <Stage key={stage} stage={stage} evaluation={evaluation} explanation={explanation} judged={judged} />)}
          </ol>
        </section>
      ))}
    </div>
  );
}

/** The last evaluation of each policy, which came farthest. */
function lastOfEach(evaluations: Evaluation[]): Evaluation[] {
  return [...new Map(evaluations.map((evaluation) => [evaluation.policy, evaluation])).values()];
}

interface StageProps {
  stage: StageName;
  evaluation: Evaluation;
  explanation: Explanation;
  judged: Judged;
}

function Stage({ stage, evaluation, explanation, judged }: StageProps) {
  const trace = evaluation.stages.find((entry) => entry.stage === stage);
  const ended = evaluation.endedBy === stage;
  const facts = stage === 'facts' && trace !== undefined;
  const rules = facts ? [] : (trace?.rules ?? []);
  const told = rules.filter((rule) => rule.result !== 'held' && rule.result !== 'off');
  const held = rules.filter((rule) => rule.result === 'held');
  const off = rules.filter((rule) => rule.result === 'off');
  const broken = rules.filter((rule) => rule.result === 'failed' || rule.result === 'notEvaluated');
  const failed = ended || broken.some((rule) => severityOf(rule) === 'deny');
  const waits = facts && explanation.missing.length > 0;
  const state = trace === undefined ? 'unreached' : waits ? 'waits' : failed ? 'failed' : broken.length > 0 ? 'warned' : 'passed';
  return (
    <li class={`stage ${state}`}>
      <p>
        <span class="sign" aria-hidden="true">{{ unreached: '·', failed: '✗', warned: '!', waits: '?', passed: '✓' }[state]}</span>
        <strong>{stageWords(stage)}</strong>{' '}
        <span class="remark">{summary(state, ended && judged.verdict === 'deny', rules, facts ? explanation.asked.length : null)}</span>
      </p>
      {facts && explanation.asked.map(({ name, rules: waiting }) => (
        <p key={name} class="told">
          <code>{name}</code>: {factOutcome(judged, name)}; for {waiting.map((id, at) => <span key={id}>{at > 0 && ', '}<RuleLink id={id} /></span>)}
        </p>
      ))}
      {told.map((rule, at) => <Told key={at} rule={rule} judged={judged} />)}
      {(held.length > 0 || off.length > 0) && (
        <details class="told">
          <summary>{[held.length > 0 ? `${held.length} held` : '', off.length > 0 ? `${off.length} off` : ''].filter((each) => each !== '').join(', ')}</summary>
          <ul class="plain">
            {[...held, ...off].map((rule, at) => (
              <li key={at}>
                <RuleLink id={rule.rule} /> <span class="remark">{rule.result}{rule.items === 0 && ', for no items'}</span> <Source id={rule.rule} judged={judged} />
              </li>
            ))}
          </ul>
        </details>
      )}
    </li>
  );
}

function summary(state: string, ended: boolean, rules: RuleTrace[], asked: number | null): string {
  if (state === 'unreached') return 'not reached';
  if (asked !== null) return asked === 0 ? 'no fact is needed' : '';
  if (rules.length === 0) return 'no rule has anything to look at';
  return ended ? 'the request is denied here' : '';
}

function factOutcome(judged: Judged, name: string): string {
  if (judged.explanation?.missing.some((missing) => missing.name === name) === true) return 'not given';
  return judged.facts.find((fact) => fact.name === name)?.outcome ?? 'not asked for';
}

/** The worst of its failures. */
function severityOf(rule: RuleTrace): Severity {
  const found = (rule.failures ?? []).map((failure) => failure.severity);
  return SEVERITIES.findLast((severity) => found.includes(severity)) ?? rule.severity;
}

function Told({ rule, judged }: { rule: RuleTrace; judged: Judged }) {
  const words = { excluded: 'excluded by its guard', notApplicable: 'not looked at', failed: 'failed', notEvaluated: 'could not be evaluated', waits: 'waits', leftOut: 'left out' };
  const result = words[rule.result as keyof typeof words] ?? rule.result;
  const severity = severityOf(rule);
  const bad = rule.result === 'failed' || rule.result === 'notEvaluated';
  const kind = !bad ? '' : severity === 'deny' ? 'bad' : severity === 'warn' ? 'warn' : '';
  return (
    <div class="told">
      <p>
        <span class={`mark ${kind}`}>{result}{rule.result === 'failed' && severity !== 'deny' ? ` (${severity})` : ''}</span>{' '}
        <RuleLink id={rule.rule} /> {judged.titles?.[rule.rule] ?? ''} <Source id={rule.rule} judged={judged} />
      </p>
      {rule.facts !== undefined && rule.facts.length > 0 && <p>{rule.result === 'waits' ? 'for ' : 'it looks at '}{rule.facts.join(', ')}</p>}
      {rule.because !== undefined && <p>{BECAUSE[rule.because] ?? rule.because}</p>}
      {rule.error !== undefined && <p class="error">{rule.error}{rule.place !== undefined && <> in its {rule.place.member}{rule.place.part !== undefined && <>: <code>{rule.place.part}</code></>}</>}</p>}
      {rule.failures?.map((failure, at) => <p key={at}>{placeWords(failure)}: {failure.detail}</p>)}
      {rule.values !== undefined && rule.values.length > 0 && (
        <table class="values">
          <caption class="hidden">Parts of the condition of {rule.rule}</caption>
          <thead class="hidden"><tr><th scope="col">Expression</th><th scope="col">Value</th></tr></thead>
          <tbody>
            {rule.values.map(({ expression, value }, at) => (
              <tr key={at}><td><code>{expression}</code></td><td><code>{value}</code></td></tr>
            ))}
          </tbody>
        </table>
      )}
    </div>
  );
}

function Source({ id, judged }: { id: string; judged: Judged }) {
  const place = judged.places?.[id];
  return place === undefined ? null : <SourceLink place={place} />;
}
