// Judges every case of a site in Node, by the worker of the site, and prints the verdicts:
//   node judge-in-node.mjs --site FOLDER
// One JSON object a line: first what it took, then what became of each case.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { argument } from '../browser.mjs';
import { judgeAll, serveFrom, workerOf } from './node-worker.mjs';

const site = argument('site');
const read = (path) => readFileSync(join(site, path));
serveFrom(site);
const begun = performance.now();
const ask = await workerOf(site, 'worker.js');
const { modules, linking, mostViolations, cases: path } = JSON.parse(read('playground.json'));
await judgeAll(ask, JSON.parse(gunzipSync(read(path))), { modules, linking, mostViolations }, begun);
