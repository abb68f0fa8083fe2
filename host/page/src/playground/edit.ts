// What a page has in addition on which the bundle can be edited.

import type { ComponentChildren } from 'preact';
import type { Links } from '../shared/links';
import type { Playground } from './site/playground';
import type { Route } from './site/route';

export interface Edit {
  /** The view of the files. */
  Files: (props: { route: Route; playground: Playground }) => ComponentChildren;
  /** In the head of the page: how the files stand. */
  Standing: () => ComponentChildren;
  /** Around every other view: what is edited is judged there. */
  Judged: (props: { playground: Playground; children: ComponentChildren }) => ComponentChildren;
  /** Where a line of a file is shown. */
  source: Links['source'];
}
