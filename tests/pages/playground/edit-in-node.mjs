// Edits the bundle of a site in Node, by the workers of the site:
//   node edit-in-node.mjs --site FOLDER --edits FILE.json --policy FILE.wasm
// The edits are texts by the names of their files. The policy that is baked of them goes to a file, and
// the verdicts on its cases are printed as by judge-in-node.mjs.

import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { argument } from '../browser.mjs';
import { judgeAll, serveFrom, workerOf } from './node-worker.mjs';

const site = argument('site');
const read = (path) => readFileSync(join(site, path));
serveFrom(site);
const { editing, linking, mostViolations } = JSON.parse(read('playground.json'));
const compiler = await workerOf(site, 'compiler-worker.js');
const judge = await workerOf(site, 'worker.js');
const { files, set } = JSON.parse(gunzipSync(read(editing.files)));
const bundle = { files: { ...files, ...JSON.parse(readFileSync(argument('edits'))) }, set };
const begun = performance.now();
const answer = await compiler({ ask: 'bake', compiler: editing.compiler, engine: editing.engine, bundle });
if (answer.said !== 'baked') throw new Error(answer.why);
const { file, module, moduleSha256, cases } = answer.baked;
writeFileSync(argument('policy'), Buffer.from(file));
console.error(`baked in ${Math.round(performance.now() - begun)} ms`);
const modules = [{ path: 'worker.js', sha256: moduleSha256, content: module }];
await judgeAll(judge, cases, { modules, linking, mostViolations }, begun);
