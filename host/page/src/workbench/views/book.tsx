// The rule book of the bundle as it is edited.

import { Busy } from '../../shared/busy';
import { RuleBook } from '../../shared/book/book';
import type { BookFilter } from '../../shared/book/rules';
import { coverOf, COVERS, coverWords } from '../../shared/cases/report';
import { server } from '../server/client';
import { useAnswer } from '../state/answer';
import { go } from '../../shared/route';
import { address, type Route } from '../state/route';
import { overlayOf, useWorkbench } from '../state/store';
import { Fault } from './fault';

export function BookView({ route }: { route: Route }) {
  const state = useWorkbench();
  const overlay = overlayOf(state);
  const { value, fault, busy } = useAnswer(JSON.stringify(overlay), (signal) => server.book(overlay, signal));
  const filter: BookFilter = {
    text: route.query.get('text') ?? '',
    operation: route.query.get('operation') ?? '',
    stage: route.query.get('stage') ?? '',
  };
  const coverage = new Map(state.report?.coverage?.rules.map((rule) => [rule.rule, rule]));
  const aside = (id: string) => {
    const rule = coverage.get(id);
    if (rule === undefined) return null;
    const { sign, words, mark } = COVERS[coverOf(rule)];
    return <span class={`mark ${mark}`} title={coverWords(rule)}>{sign} {words}</span>;
  };
  return (
    <div class="stack">
      <Busy words={busy && value === null ? 'The rule book is made' : null} />
      <Fault problem={fault} />
      {value !== null && (
        <RuleBook
          book={value}
          filter={filter}
          onFilter={(next) => go(address('book', '', { ...next }), 'replace')}
          chosen={route.rest === '' ? null : route.rest}
          ruleAt={(id) => address('book', id)}
          aside={aside}
        />
      )}
    </div>
  );
}
