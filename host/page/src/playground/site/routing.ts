// To which operation of the policy a request belongs.

import type { Manifest } from '../policy/contract';

/** The API root below which the target lies, as it stands in the target. */
export function rootOf(manifest: Manifest, target: string): string | null {
  const path = pathOf(target);
  const found = manifest.apiRoots
    .map((root) => root.split('/'))
    .filter((root) => fits(root, path.slice(0, root.length)))
    .sort((a, b) => b.length - a.length)[0];
  return found === undefined ? null : path.slice(0, found.length).join('/');
}

/** The id of the operation; a segment that is written out counts more than a variable. */
export function operationOf(manifest: Manifest, method: string, target: string): string | null {
  const root = rootOf(manifest, target);
  if (root === null) return null;
  const rest = pathOf(target).slice(root.split('/').length);
  const variables = (path: string) => path.split('{').length;
  const found = manifest.operations
    .filter((operation) => operation.method === method && fits(operation.path.split('/').slice(1), rest))
    .sort((a, b) => variables(a.path) - variables(b.path))[0];
  return found?.id ?? null;
}

function pathOf(target: string): string[] {
  return (target.split('?')[0] ?? '').split('/');
}

function fits(template: readonly string[], segments: readonly string[]): boolean {
  return (
    template.length === segments.length &&
    template.every((segment, at) => (segment.startsWith('{') ? segments[at] !== '' : segment === segments[at]))
  );
}
