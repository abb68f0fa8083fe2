// The answer to a request: the verdict, the ProblemDetails, what else was found.

import { Inline } from '../prose';
import { RuleLink } from '../links';
import { placeWords, type Judged, type Problem, type Violation } from './judged';
import './verdict.css';

export interface VerdictProps {
  judged: Judged;
  /** Adds a fact that is missing to the request; without it, the example is only shown. */
  onFact?: (name: string, example: unknown) => void;
}

export function Verdict({ judged, onFact }: VerdictProps) {
  const { problem, operation, milliseconds } = judged;
  return (
    <div class="stack verdict">
      {problem !== null && <Denied problem={problem} />}
      {judged.verdict === 'allow' && (
        <div class="box good">
          <h3>Allowed</h3>
          <p>The request is passed on; the VNFM or NFVO answers it.</p>
        </div>
      )}
      {judged.verdict === 'unknown' && <Missing judged={judged} onFact={onFact} />}
      <p class="remark">
        {operation === null ? 'no operation of the policy' : <>operation <code>{operation}</code></>}
        {judged.policies.map(({ name, digest }) => (
          <span key={name}>, judged by {name} <code title={digest}>{digest.slice(0, 12)}</code></span>
        ))}
        {milliseconds !== undefined && `, in ${milliseconds.toFixed(milliseconds < 10 ? 1 : 0)} ms`}
      </p>
      {problem !== null && <Answer judged={judged} problem={problem} />}
      <Findings judged={judged} />
    </div>
  );
}

function Denied({ problem }: { problem: Problem }) {
  const violations = problem.violations ?? [];
  return (
    <div class="box bad">
      <h3>Denied {problem.status}: {problem.title}</h3>
      {violations.length === 0 ? <p>{problem.detail}</p> : <ul class="plain violations">{violations.map((violation, at) => <Broken key={at} violation={violation} />)}</ul>}
    </div>
  );
}

function Broken({ violation }: { violation: Violation }) {
  return (
    <li>
      <p><strong>{placeWords(violation)}</strong>: {violation.detail}</p>
      <p class="remark"><RuleLink id={violation.rule} />{violation.clause !== undefined && ` — ${violation.clause}`}</p>
    </li>
  );
}

function Missing({ judged, onFact }: { judged: Judged; onFact: VerdictProps['onFact'] }) {
  return (
    <div class="box warn stack tight">
      <h3>Not judged: facts are missing</h3>
      {(judged.explanation?.missing ?? []).map(({ name, target, example }) => (
        <div key={name} class="stack tight">
          <p>
            <strong>{name}</strong>{target !== null && <>, the answer to <code>GET {target}</code></>}; for example:
          </p>
          <pre>{JSON.stringify(example, null, 2)}</pre>
          {onFact !== undefined && (
            <p><button type="button" onClick={() => onFact(name, example)}>Add {name} to the facts</button></p>
          )}
        </div>
      ))}
    </div>
  );
}

function Answer({ judged, problem }: { judged: Judged; problem: Problem }) {
  const fields = Object.entries(judged.fields ?? {});
  return (
    <details class="answer" open>
      <summary>The answer that the client gets</summary>
      <pre class="document">
        {`HTTP/1.1 ${problem.status}\n`}
        {fields.map(([name, value]) => `${name}: ${value}\n`)}
        {`\n${JSON.stringify(problem, null, 2)}`}
      </pre>
    </details>
  );
}

function Findings({ judged }: { judged: Judged }) {
  // Those that deny stand in the answer, unless nothing is denied in monitor mode.
  const beside = judged.findings.filter((finding) => judged.problem === null || finding.severity !== 'deny');
  if (beside.length === 0) return null;
  return (
    <div>
      <h3>Also found</h3>
      <ul class="plain violations">
        {beside.map((finding, at) => (
          <li key={at}>
            <p>
              <span class={`mark ${finding.severity === 'audit' ? '' : finding.severity === 'warn' ? 'warn' : 'bad'}`}>{finding.severity}</span>{' '}
              <strong>{placeWords(finding)}</strong>: <Inline text={finding.detail} />
            </p>
            <p class="remark"><RuleLink id={finding.rule} />{finding.clause !== undefined && ` — ${finding.clause}`}</p>
          </li>
        ))}
      </ul>
    </div>
  );
}
