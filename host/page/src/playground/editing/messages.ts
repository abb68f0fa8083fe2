// What the page and the worker with the compiler say to each other.

import type { Position } from '../../shared/editor/positions';
import type { Compiled } from '../../shared/files/compiled';
import type { Case } from '../cases/case';
import type { ModuleFile } from '../files';
import type { WrittenBook } from '../site/about';

/** The worker answers each with one `Answer` of the same `id`. */
export type Ask = { id: number } & Question;

export type Question =
  | { ask: 'compile'; compiler: ModuleFile; bundle: Bundle }
  | { ask: 'complete' | 'explain'; path: string; text: string; position: Position }
  | { ask: 'bake'; compiler: ModuleFile; engine: ModuleFile; bundle: Bundle };

/** The texts of a bundle's files, by name, and the options that it is built with. */
export interface Bundle {
  files: Record<string, string>;
  set: readonly (readonly [name: string, value: string])[];
}

export type Answer = { id: number } & (
  | { said: 'compiled'; compiled: Linted }
  | { said: 'told'; told: unknown }
  | { said: 'baked'; baked: Baked }
  /** It goes on; what is being done, in words. */
  | { said: 'does'; words: string }
  | { said: 'failed'; why: string }
);

/** What the compiler says, also in the words of `solgate lint`. */
export interface Linted extends Compiled {
  lint: string;
}

/** The policy file, with what the page shows of it. */
export interface Baked {
  file: ArrayBuffer;
  sha256: string | null;
  /** Its core module. */
  module: ArrayBuffer;
  moduleSha256: string | null;
  cases: Case[];
  book: WrittenBook;
}
