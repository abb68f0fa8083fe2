// The rule book of the policy.

import { Busy } from '../../shared/busy';
import { RuleBook } from '../../shared/book/book';
import { go } from '../../shared/route';
import type { State } from '../site/playground';
import { address, type Route } from '../site/route';

export function BookView({ route: { rest, query }, state: { book, broken } }: { route: Route; state: State }) {
  if (book === null) return <Busy words={broken === null ? 'The rule book is read' : null} />;
  const [text, operation, stage] = ['text', 'operation', 'stage'].map((name) => query.get(name) ?? '');
  return (
    <RuleBook
      book={book}
      filter={{ text: text ?? '', operation: operation ?? '', stage: stage ?? '' }}
      onFilter={(next) => go(address('book', '', { ...next }), 'replace')}
      chosen={rest === '' ? null : rest}
      ruleAt={(id) => address('book', id)}
    />
  );
}
