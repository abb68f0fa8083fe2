// Cases by file, with what became of them.

import { SourceLink } from '../links';
import type { CaseResult, Difference } from './report';
import './cases.css';

/** A case before it is run, too. */
export interface CaseEntry {
  file: string;
  line: number;
  name: string;
  result: CaseResult | null;
}

export interface CaseListProps {
  cases: readonly CaseEntry[];
  onRun: (entry: CaseEntry) => void;
  busy: boolean;
  /** Where the request of a case can be tried. */
  tryAt: (entry: CaseEntry) => string;
}

export function CaseList({ cases, onRun, busy, tryAt }: CaseListProps) {
  const files = Map.groupBy(cases, (entry) => entry.file);
  return (
    <div class="stack tight">
      {[...files].map(([file, entries]) => {
        const failed = entries.filter(({ result }) => result !== null && result.result !== 'passed').length;
        const passed = entries.filter(({ result }) => result?.result === 'passed').length;
        return (
          <details key={file} class="panel cases" open={failed > 0 || files.size === 1}>
            <summary>
              <code>{file}</code> <span class="remark">{entries.length === 1 ? '1 case' : `${entries.length} cases`}</span>{' '}
              {passed > 0 && <span class="mark good">{passed} passed</span>} {failed > 0 && <span class="mark bad">{failed} failed</span>}
            </summary>
            <ul class="plain">
              {entries.map((entry) => <Case key={`${entry.line} ${entry.name}`} entry={entry} onRun={onRun} busy={busy} tryAt={tryAt} />)}
            </ul>
          </details>
        );
      })}
    </div>
  );
}

const SHOWN = {
  passed: { sign: '✓', words: 'passed', mark: 'good' },
  failed: { sign: '✗', words: 'failed', mark: 'bad' },
  noVerdict: { sign: '?', words: 'no verdict', mark: 'warn' },
};

function Case({ entry, onRun, busy, tryAt }: { entry: CaseEntry } & Pick<CaseListProps, 'onRun' | 'busy' | 'tryAt'>) {
  const { result } = entry;
  const shown = result === null ? null : SHOWN[result.result];
  return (
    <li class="case">
      <div class="head">
        <span class={`mark ${shown?.mark ?? ''}`}>{shown === null ? 'not run' : `${shown.sign} ${shown.words}`}</span>
        <span class="name">{entry.name}</span>
        <span class="links">
          <SourceLink place={{ path: entry.file, line: entry.line }} words={`line ${entry.line}`} />
          <a href={tryAt(entry)} aria-label={`Try the request of: ${entry.name}`}>Try</a>
          <button type="button" class="small" aria-label={`Run: ${entry.name}`} aria-disabled={busy} onClick={() => onRun(entry)}>Run</button>
        </span>
      </div>
      {result !== null && result.result !== 'passed' && <Outcome result={result} />}
    </li>
  );
}

function Outcome({ result }: { result: CaseResult }) {
  const differences = result.differences ?? [];
  return (
    <div class="outcome stack tight">
      {result.reason !== undefined && <p>{result.reason}</p>}
      {differences.length > 0 && (
        <table>
          <caption class="hidden">What differs in {result.name}</caption>
          <thead><tr><th scope="col">What differs</th><th scope="col">Expected</th><th scope="col">Found</th></tr></thead>
          <tbody>{differences.map((difference, at) => <Row key={at} difference={difference} />)}</tbody>
        </table>
      )}
      {(result.details ?? []).map((detail, at) => <p key={at} class="remark">The answer says: {detail}</p>)}
      {(result.reasons ?? []).map(({ rule, what, lines }) => (
        <div key={rule}>
          <p><code>{rule}</code>: {what}</p>
          {lines.length > 0 && <pre class="remark">{lines.join('\n')}</pre>}
        </div>
      ))}
    </div>
  );
}

function Row({ difference }: { difference: Difference }) {
  const { member, field, expected, found } = difference;
  return (
    <tr>
      <th scope="row">{field === undefined ? member : `${member} ${field}`}</th>
      <td><code>{shownValue(expected)}</code></td>
      <td><code>{shownValue(found)}</code></td>
    </tr>
  );
}

function shownValue(value: unknown): string {
  if (value === undefined || value === null) return '–';
  return typeof value === 'string' ? value : JSON.stringify(value);
}
