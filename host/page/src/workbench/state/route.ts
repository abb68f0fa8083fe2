// The views of the workbench.

import { addressOf, useRouteOf, type Route as AnyRoute } from '../../shared/route';

const VIEWS = ['files', 'request', 'cases', 'book', 'states', 'options', 'replay', 'export'] as const;
export type View = (typeof VIEWS)[number];
export type Route = AnyRoute<View>;

export const address: (view: View, rest?: string, query?: Record<string, string>) => string = addressOf;

export function useRoute(): Route {
  return useRouteOf<View>(VIEWS);
}
