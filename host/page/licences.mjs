// The licences of the packages whose code is in a page.

import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';

const MODULES = 'node_modules/';

// The text for licences.txt: the packages that the inputs of a bundle come from, grouped by
// the text of their licence.
export async function notices(home, inputs) {
  const names = new Set(inputs.filter((path) => path.startsWith(MODULES)).map(packageOf));
  const byText = new Map();
  for (const name of [...names].sort()) {
    const folder = join(home, MODULES, name);
    const { version } = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8'));
    const file = (await readdir(folder)).find((entry) => /^licen[cs]e/i.test(entry));
    if (file === undefined) throw new Error(`${name} has no licence in its folder`);
    const text = (await readFile(join(folder, file), 'utf8')).trim();
    byText.set(text, [...(byText.get(text) ?? []), `${name} ${version}`]);
  }
  const parts = [...byText].map(([text, packages]) => `${packages.join(', ')}\n\n${text}\n`);
  return `This page contains code of these packages.\n\n${parts.join('\n----\n\n')}`;
}

function packageOf(path) {
  const [first, second] = path.slice(MODULES.length).split('/');
  return first.startsWith('@') ? `${first}/${second}` : first;
}
