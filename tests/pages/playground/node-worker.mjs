// The workers of a site in Node.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

/** Has the workers fetch files of the site. */
export function serveFrom(site) {
  globalThis.fetch = async (path) => new Response(readFileSync(join(site, path)));
}

/** Starts a worker of the site; what it is asked with. */
export async function workerOf(site, name) {
  // What a worker has and Node has not.
  let listener = null;
  const waiting = new Map();
  globalThis.self = {
    addEventListener: (_, heard) => { listener = heard; },
    postMessage: (answer) => {
      if (answer.said !== 'does') waiting.get(answer.id)(answer);
    },
  };
  await import(pathToFileURL(join(site, name)).href);
  let asked = 0;
  return (question) =>
    new Promise((resolve) => {
      asked += 1;
      waiting.set(asked, resolve);
      // What goes to a worker is copied.
      listener({ data: structuredClone({ id: asked, ...question }) });
    });
}

/** Judges the cases one after the other, and prints what became of each. */
export async function judgeAll(ask, cases, policy, begun) {
  const loaded = await ask({ ask: 'load', policy });
  if (loaded.said !== 'loaded') throw new Error(loaded.why);
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
}
