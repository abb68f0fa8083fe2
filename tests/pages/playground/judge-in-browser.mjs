// Judges every case of a site in Chromium, by the worker of the page, and prints the verdicts as
// judge-in-node.mjs does:
//   node judge-in-browser.mjs --site FOLDER

import { argument, inBrowser } from '../browser.mjs';
import { shows } from '../looked-at.mjs';
import { serve } from './static-server.mjs';

const server = await serve(argument('site'));
try {
  await inBrowser(server.address, { width: 1440, height: 900 }, async (page) => {
    await shows(page, page.locator('.verdict'), 'the first verdict');
    // Since the address was opened; nothing is in the browser's cache.
    const firstVerdict = await page.evaluate(() => performance.now());
    const { manifest, all, answers } = await page.evaluate(judgeAll);
    console.log(JSON.stringify({ manifest, firstVerdict, all }));
    for (const { ran, differences } of answers) console.log(JSON.stringify({ ...ran, differences }));
  });
} finally {
  server.close();
}

/** Runs in the page. */
async function judgeAll() {
  const about = await (await fetch('playground.json')).json();
  const worker = new Worker('worker.js', { type: 'module' });
  let asked = 0;
  const ask = (question) =>
    new Promise((resolve) => {
      asked += 1;
      const id = asked;
      const hears = ({ data }) => {
        if (data.id !== id) return;
        worker.removeEventListener('message', hears);
        resolve(data);
      };
      worker.addEventListener('message', hears);
      worker.postMessage({ id, ...question });
    });
  const { linking, mostViolations } = about;
  const modules = about.modules.map(({ path, sha256 }) => ({ path: new URL(path, document.baseURI).href, sha256 }));
  const loaded = await ask({ ask: 'load', policy: { modules, linking, mostViolations } });
  if (loaded.said !== 'loaded') throw new Error(loaded.why);
  const packed = (await fetch(about.cases)).body.pipeThrough(new DecompressionStream('gzip'));
  const cases = JSON.parse(await new Response(packed).text());
  const begun = performance.now();
  const answers = [];
  for (const one of cases) answers.push(await ask({ ask: 'run', case: one }));
  return { manifest: loaded.manifest, all: performance.now() - begun, answers };
}
