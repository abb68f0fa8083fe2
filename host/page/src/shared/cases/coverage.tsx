// What the cases have shown of each rule.

import { RuleLink, SourceLink, type SourceLine } from '../links';
import { coverOf, COVERS, coverWords, type Cover, type Coverage } from './report';
import './cases.css';

const ORDER: readonly Cover[] = ['never', 'half', 'covered', 'other'];

export function CoverageTable({ coverage, places }: { coverage: Coverage; places: Record<string, SourceLine> }) {
  const groups = Map.groupBy(coverage.rules, coverOf);
  return (
    <section class="panel stack" aria-label="Coverage">
      <h2>Coverage: {coverage.percent} %</h2>
      <Bar coverage={coverage} />
      <p class="remark">
        Of {coverage.of} things that rules have to show, the cases have shown {coverage.shown}. A rule is covered if it fails in one case and holds in
        another.
      </p>
      {ORDER.map((cover) => {
        const rules = groups.get(cover) ?? [];
        if (rules.length === 0) return null;
        const { sign, words, mark } = COVERS[cover];
        return (
          <details key={cover} open={cover === 'never' || cover === 'half'}>
            <summary><span class={`mark ${mark}`}>{sign} {words}</span> {rules.length === 1 ? '1 rule' : `${rules.length} rules`}</summary>
            <ul class="plain covered">
              {rules.map((rule) => {
                const place = places[rule.rule];
                return (
                  <li key={rule.rule} class={cover}>
                    <RuleLink id={rule.rule} /> <span class="remark">{coverWords(rule)}</span> {place !== undefined && <SourceLink place={place} />}
                  </li>
                );
              })}
            </ul>
          </details>
        );
      })}
    </section>
  );
}

function Bar({ coverage }: { coverage: Coverage }) {
  return (
    <svg class="bar" viewBox="0 0 100 4" preserveAspectRatio="none" role="img" aria-label={`${coverage.percent} % covered`}>
      <rect class="whole" width="100" height="4" />
      <rect class="shown" width={coverage.percent} height="4" />
    </svg>
  );
}
