// The address of what is shown: #/VIEW/REST?QUERY.

import { useEffect, useState } from 'preact/hooks';

export const VIEWS = ['request', 'options', 'cases', 'book', 'about'] as const;
export type View = (typeof VIEWS)[number];

export interface Route {
  view: View;
  /** The id of a rule; empty if there is none. */
  rest: string;
  query: URLSearchParams;
}

export function address(view: View, rest = '', query: Record<string, string> = {}): string {
  const given = Object.entries(query).filter(([, value]) => value !== '');
  const asked = given.length === 0 ? '' : `?${new URLSearchParams(given)}`;
  return `#/${view}${rest === '' ? '' : `/${encodeURIComponent(rest)}`}${asked}`;
}

function routeOf(hash: string): Route {
  const [, name, rest, query] = /^#?\/?([^/?]*)\/?([^?]*)\??(.*)$/.exec(hash) ?? [];
  const view = VIEWS.find((known) => known === name) ?? 'request';
  return { view, rest: decoded(rest ?? ''), query: new URLSearchParams(query) };
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** Goes there, without a way back to where one was, as while typing. */
export function replace(hash: string): void {
  history.replaceState(null, '', hash);
  window.dispatchEvent(new HashChangeEvent('hashchange'));
}

export function useRoute(): Route {
  const [route, setRoute] = useState(() => routeOf(location.hash));
  useEffect(() => {
    const changed = () => setRoute(routeOf(location.hash));
    window.addEventListener('hashchange', changed);
    return () => window.removeEventListener('hashchange', changed);
  }, []);
  return route;
}
