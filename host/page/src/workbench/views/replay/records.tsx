// Records of a log, what was decided, and what is decided now.

import type { Replayed, ReplayRecord, Said } from '../../server/contract';
import { RuleLink } from '../../../shared/links';
import { address } from '../../state/route';

export interface RecordsProps {
  replayed: Replayed;
  offset: number;
  /** Most records that are shown at once. */
  page: number;
  onOffset: (offset: number) => void;
  /** The name of the log. */
  log: string;
}

export function Records({ replayed, offset, page, onOffset, log }: RecordsProps) {
  const { records, matching } = replayed;
  if (records.length === 0) return <p role="status">No record matches.</p>;
  const last = offset + records.length;
  return (
    <section class="stack tight" aria-label="Records">
      <p role="status">Records {offset + 1} to {last} of {matching} that match</p>
      <ul class="plain records">{records.map((record) => <Entry key={record.line} record={record} log={log} />)}</ul>
      {matching > page && (
        <div class="row">
          <button type="button" aria-disabled={offset === 0} onClick={() => offset > 0 && onOffset(Math.max(0, offset - page))}>Earlier</button>
          <button type="button" aria-disabled={last >= matching} onClick={() => last < matching && onOffset(last)}>Later</button>
        </div>
      )}
    </section>
  );
}

function Entry({ record, log }: { record: ReplayRecord; log: string }) {
  const { line, time, operation, method, target, same, then, now, reason } = record;
  const sign = same === null ? { mark: '', words: 'not judged again' } : same ? { mark: 'good', words: 'as recorded' } : { mark: 'warn', words: 'disagreement' };
  return (
    <li class="panel record">
      <p class="head">
        <span class={`mark ${sign.mark}`}>{sign.words}</span> <code>{operation ?? 'no operation'}</code> <span class="remark">{time}, line {line}</span>{' '}
        <a href={address('request', '', { log, line: String(line) })} aria-label={`Try the request of line ${line}`}>Try</a>
      </p>
      <p><code>{method} {target}</code></p>
      <dl class="facts">
        <div><dt>Recorded</dt><dd><Verdict said={then} /></dd></div>
        {same === false && now !== null && <div><dt>Now</dt><dd><Verdict said={now} /></dd></div>}
        {reason !== null && <div><dt>Why not</dt><dd>{reason}</dd></div>}
      </dl>
    </li>
  );
}

function Verdict({ said: verdict }: { said: Said }) {
  return (
    <>
      {verdict.allowed ? 'allowed' : `denied ${verdict.status ?? ''} `}
      {verdict.rules.map((rule, at) => <span key={rule}>{at > 0 && ', '}<RuleLink id={rule} /></span>)}
      {verdict.findings.length > 0 && <span class="remark"> [{verdict.findings.join(', ')}]</span>}
    </>
  );
}

/** A verdict on one line. */
export function said({ allowed, status, rules, findings }: Said): string {
  const found = findings.length === 0 ? '' : ` [${findings.join(', ')}]`;
  return (allowed ? 'allowed' : `denied ${status ?? ''} ${rules.join(', ')}`) + found;
}
