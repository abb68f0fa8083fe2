// The address of what is shown: #/VIEW/REST?QUERY. Everything that can be shown has one.

import { useEffect, useState } from 'preact/hooks';

export const VIEWS = ['files', 'request', 'cases', 'book', 'states', 'options', 'replay', 'export'] as const;
export type View = (typeof VIEWS)[number];

export interface Route {
  view: View;
  /** Of a file or a rule; empty if there is none. */
  rest: string;
  query: URLSearchParams;
}

export function address(view: View, rest = '', query: Record<string, string> = {}): string {
  const path = rest === '' ? '' : `/${rest.split('/').map(encodeURIComponent).join('/')}`;
  const given = Object.entries(query).filter(([, value]) => value !== '');
  const asked = given.length === 0 ? '' : `?${new URLSearchParams(given)}`;
  return `#/${view}${path}${asked}`;
}

export function routeOf(hash: string): Route {
  const [path = '', query = ''] = split(hash.replace(/^#\/?/, ''), '?');
  const [name = '', rest = ''] = split(path, '/');
  const view = VIEWS.find((known) => known === name) ?? 'files';
  return { view, rest: rest.split('/').map(decoded).join('/'), query: new URLSearchParams(query) };
}

function split(text: string, at: string): [string, string] {
  const index = text.indexOf(at);
  return index < 0 ? [text, ''] : [text.slice(0, index), text.slice(index + 1)];
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** Goes there; with `replace` there is no way back to where one was, as while typing. */
export function go(hash: string, how: 'push' | 'replace' = 'push'): void {
  if (hash === location.hash) return;
  if (how === 'replace') history.replaceState(null, '', hash);
  else history.pushState(null, '', hash);
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
