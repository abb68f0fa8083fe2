// The views of the playground.

import { addressOf, useRouteOf, type Route as AnyRoute } from '../../shared/route';

// The files are there where the bundle can be edited.
const VIEWS = ['request', 'options', 'cases', 'book', 'about', 'files'] as const;
export type View = (typeof VIEWS)[number];
export type Route = AnyRoute<View>;

export const address: (view: View, rest?: string, query?: Record<string, string>) => string = addressOf;

export function useRoute(): Route {
  return useRouteOf<View>(VIEWS);
}
