// Bundles each page of src/ into built/: `npm run build`. A page is a folder with main.tsx, and with
// index.html unless it has that of the page whose name its own begins with; PAGE.js and PAGE.css come of it, and a file of its own of each worker, whose name
// ends in worker.ts. The same sources give the same bytes, because built/ is checked in and a test compares it.

import { build } from 'esbuild';
import { copyFile, mkdir, readFile, readdir, writeFile } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { notices } from './licences.mjs';

const home = dirname(fileURLToPath(import.meta.url));
// Where it is written: another folder for the test that compares.
const built = process.argv[2] ?? join(home, 'built');

for (const page of (await readdir(join(home, 'src'))).sort()) {
  const source = join(home, 'src', page);
  if (!existsSync(join(source, 'main.tsx'))) continue;
  const target = join(built, page);
  await mkdir(target, { recursive: true });
  const entryPoints = [{ in: join(source, 'main.tsx'), out: page }];
  for (const file of (await readdir(source)).sort()) {
    if (file.endsWith('worker.ts')) entryPoints.push({ in: join(source, file), out: file.slice(0, -'.ts'.length) });
  }
  const { metafile } = await build({
    absWorkingDir: home,
    entryPoints,
    outdir: target,
    bundle: true,
    minify: true,
    format: 'esm',
    target: ['chrome119', 'firefox121', 'safari17.4'],
    charset: 'utf8',
    legalComments: 'none',
    define: { 'process.env.NODE_ENV': '"production"' },
    metafile: true,
    logLevel: 'warning',
  });
  await writeFile(join(target, 'index.html'), await html(page));
  await copyFile(join(home, 'src/shared/icon.svg'), join(target, 'icon.svg'));
  await writeFile(join(target, 'licences.txt'), await notices(home, Object.keys(metafile.inputs)));
}

// What frames a page: its policy of security, and its own script and style in the place of PAGE.
async function html(page) {
  const own = join(home, 'src', page, 'index.html');
  const file = existsSync(own) ? own : join(home, 'src', page.split('-')[0], 'index.html');
  return (await readFile(file, 'utf8')).replaceAll('PAGE', page);
}
