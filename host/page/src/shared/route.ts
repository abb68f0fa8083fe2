// The address of what is shown: #/VIEW/REST?QUERY. Everything that can be shown has one.

import { useEffect, useState } from 'preact/hooks';

export interface Route<View extends string = string> {
  view: View;
  /** Of a file or a rule; empty if there is none. */
  rest: string;
  query: URLSearchParams;
}

/** The address of a view. */
export function addressOf(view: string, rest = '', query: Record<string, string> = {}): string {
  const path = rest === '' ? '' : `/${rest.split('/').map(encodeURIComponent).join('/')}`;
  const given = Object.entries(query).filter(([, value]) => value !== '');
  const asked = given.length === 0 ? '' : `?${new URLSearchParams(given)}`;
  return `#/${view}${path}${asked}`;
}

/** Where one is: of a view that is not known, at the first one. */
export function useRouteOf<View extends string>(views: readonly [View, ...View[]]): Route<View> {
  const [route, setRoute] = useState(() => routeOf(views, location.hash));
  useEffect(() => {
    const changed = () => setRoute(routeOf(views, location.hash));
    window.addEventListener('hashchange', changed);
    return () => window.removeEventListener('hashchange', changed);
  }, []);
  return route;
}

/** Goes there; with `replace` there is no way back to where one was, as while typing. */
export function go(hash: string, how: 'push' | 'replace' = 'push'): void {
  if (hash === location.hash) return;
  if (how === 'replace') history.replaceState(null, '', hash);
  else history.pushState(null, '', hash);
  window.dispatchEvent(new HashChangeEvent('hashchange'));
}

function routeOf<View extends string>(views: readonly [View, ...View[]], hash: string): Route<View> {
  const [path = '', query = ''] = split(hash.replace(/^#\/?/, ''), '?');
  const [name = '', rest = ''] = split(path, '/');
  const view = views.find((known) => known === name) ?? views[0];
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
