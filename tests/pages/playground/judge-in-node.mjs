// Judges every case of a site in Node, by the worker of the site, and prints the verdicts:
//   node judge-in-node.mjs --site FOLDER
// One JSON object a line: first what it took, then what became of each case.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { gunzipSync } from 'node:zlib';
import { argument } from '../browser.mjs';

const site = argument('site');
const read = (path) => readFileSync(join(site, path));

// What a worker has and Node has not.
let listener = null;
const waiting = new Map();
globalThis.self = {
  addEventListener: (_, heard) => { listener = heard; },
  postMessage: (answer) => waiting.get(answer.id)(answer),
};
globalThis.fetch = async (path) => new Response(read(path));

const begun = performance.now();
await import(pathToFileURL(join(site, 'worker.js')).href);
let asked = 0;
const ask = (question) =>
  new Promise((resolve) => {
    asked += 1;
    waiting.set(asked, resolve);
    // What goes to a worker is copied.
    listener({ data: structuredClone({ id: asked, ...question }) });
  });

const { modules, linking, mostViolations, cases: path } = JSON.parse(read('playground.json'));
const loaded = await ask({ ask: 'load', policy: { modules, linking, mostViolations } });
if (loaded.said !== 'loaded') throw new Error(loaded.why);
const cases = JSON.parse(gunzipSync(read(path)));
const answers = [];
let first = null;
for (const one of cases) {
  const answer = await ask({ ask: 'run', case: one });
  if (answer.said !== 'run') throw new Error(answer.why);
  first ??= performance.now() - begun;
  answers.push(answer);
}
console.log(JSON.stringify({ manifest: loaded.manifest, firstVerdict: first, all: performance.now() - begun }));
for (const { ran, differences } of answers) console.log(JSON.stringify({ ...ran, differences }));
