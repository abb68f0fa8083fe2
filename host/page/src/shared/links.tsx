// Where a page shows a rule and a line of a file. What shows rules knows no page: it asks here.

import { createContext, type ComponentChildren } from 'preact';
import { useContext } from 'preact/hooks';

/** A line of a file, counted from 1. */
export interface SourceLine {
  path: string;
  line: number;
}

export interface Links {
  /** The address of the rule in the rule book; null if there is none. */
  rule: (id: string) => string | null;
  /** The address of the line; null if the page cannot show it. */
  source: (place: SourceLine) => string | null;
}

const LinksContext = createContext<Links>({ rule: () => null, source: () => null });

export function LinksOf({ links, children }: { links: Links; children: ComponentChildren }) {
  return <LinksContext.Provider value={links}>{children}</LinksContext.Provider>;
}

/** The id of a rule, as a link to the rule book. */
export function RuleLink({ id }: { id: string }) {
  const href = useContext(LinksContext).rule(id);
  return href === null ? <code>{id}</code> : <a href={href}><code>{id}</code></a>;
}

/** FILE:LINE, as a link to the line. */
export function SourceLink({ place, words }: { place: SourceLine; words?: string }) {
  const href = useContext(LinksContext).source(place);
  const text = words ?? `${place.path}:${place.line}`;
  return href === null ? <code>{text}</code> : <a href={href}><code>{text}</code></a>;
}
