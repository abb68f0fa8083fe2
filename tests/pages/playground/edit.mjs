// What a person does who edits the bundle of a site, at one width: a slip is made, seen in the words of
// `solgate lint`, and mended; what is edited is judged, tested, and taken along.
//   node edit.mjs --site FOLDER --width 390 --pictures FOLDER --plan FILE.json --policy FILE.wasm
// The plan says which file is edited, and what is to be seen then. The policy that is downloaded goes to a file.

import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { argument, inBrowser } from '../browser.mjs';
import { find } from '../keyboard.mjs';
import { fits, isAccessible, shows } from '../looked-at.mjs';
import { serve } from './static-server.mjs';

const width = Number(argument('width'));
const pictures = argument('pictures');
const plan = JSON.parse(readFileSync(argument('plan')));
const server = await serve(argument('site'));
try {
  await inBrowser(server.address, { width, height: 900 }, use);
} finally {
  server.close();
}

async function use(page) {
  page.setDefaultTimeout(120_000);
  const { keyboard } = page;
  const button = (name) => page.getByRole('button', { name });
  const view = async (name) => {
    await page.getByRole('navigation', { name: 'Views' }).getByRole('link', { name, exact: true }).click();
    await shows(page, page.getByRole('heading', { level: 1, name }), `the view ${name}`);
  };
  const looked = async (what) => {
    await isAccessible(page, what);
    await fits(page, what);
    await page.evaluate(() => window.scrollTo(0, 0));
    await page.screenshot({ path: join(pictures, `playground-${what}-${width}.png`) });
  };
  const saved = async (name, path) => {
    const download = page.waitForEvent('download');
    await button(name).click();
    const found = await download;
    if (path !== null) writeFileSync(path, readFileSync(await found.path()));
    return found.suggestedFilename();
  };

  // What only editing needs is not fetched before.
  await shows(page, page.locator('.verdict'), 'the first verdict');
  const early = server.asked.filter((path) => /compiler|bundle\.json/.test(path));
  if (early.length > 0) throw new Error(`the page asks for ${early} before anybody edits`);

  const opened = performance.now();
  await view('Files');
  await shows(page, page.getByRole('heading', { name: 'No mistakes' }), 'that the bundle compiles');
  console.log(`files open and compiled after ${Math.round(performance.now() - opened)} ms`);
  await page.getByRole('navigation', { name: 'Files' }).getByRole('link', { name: plan.file }).click();
  const editor = page.getByRole('textbox', { name: `Text of ${plan.file}` });
  await editor.click();
  await looked('files');

  // The slip, in the words of solgate lint.
  await editor.focus();
  await find(page, plan.slip.find);
  await keyboard.type(plan.slip.type);
  await shows(page, page.getByRole('heading', { name: plan.slip.heading }), 'that there is a mistake');
  await page.getByText('As solgate lint says it').click();
  const lint = await page.locator('details pre.document').innerText();
  if (lint.trimEnd() !== plan.slip.lint.trimEnd()) throw new Error(`the page says\n${lint}\nand solgate lint\n${plan.slip.lint}`);
  await looked('files-slip');
  await view('Request');
  await shows(page, page.getByText(/^The files have mistakes/), 'that the mistakes are not judged by');
  await page.getByRole('link', { name: 'Mend the files' }).click();
  await shows(page, editor, 'the file with the mistake');

  // Mended, and another title.
  await editor.focus();
  await find(page, plan.slip.type);
  await keyboard.type(plan.slip.find);
  await shows(page, page.getByRole('heading', { name: 'No mistakes' }), 'that the slip is mended');
  await find(page, plan.edit.find);
  await keyboard.type(plan.edit.type);
  await page.getByRole('navigation', { name: 'Files' }).getByText(', changed').first().waitFor({ state: 'attached' });
  await shows(page, page.getByRole('link', { name: '1 file changed' }), 'that a file is changed');

  const asked = performance.now();
  await view('Cases');
  await button(/^Run all \d+ cases$/).click();
  await shows(page, page.getByText(/^\d+ passed, \d+ failed/), 'the result of the cases');
  const said = await page.getByText(/^\d+ passed, \d+ failed/).first().innerText();
  if (said !== `${plan.cases} passed, 0 failed`) throw new Error(`the cases: ${said}`);
  console.log(`baked, loaded and ${plan.cases} cases run after ${Math.round(performance.now() - asked)} ms`);
  await view('Rule book');
  await shows(page, page.getByText(plan.edit.type).first(), 'the new title in the rule book');
  await view('This policy');
  await shows(page, page.getByText(plan.digest, { exact: true }), 'the digest of what is edited');
  await looked('policy-edited');

  await view('Files');
  const policy = await saved('Download the policy', argument('policy'));
  if (policy !== plan.name) throw new Error(`the policy is called ${policy}`);
  const files = await saved('Download the files', null);
  if (!files.endsWith('.zip')) throw new Error(`the files are called ${files}`);

  // A file that is begun, removed, and brought back.
  await page.getByText('New file').click();
  await page.getByLabel('Name').fill('../x.yaml');
  await button('Begin it').click();
  await shows(page, page.getByText(/^Expected a name in the folder/), 'what is wrong with the name');
  await page.getByLabel('Name').fill('rules/mine.yaml');
  await button('Begin it').click();
  await shows(page, page.getByRole('textbox', { name: 'Text of rules/mine.yaml' }), 'the new file');
  await button('Remove').click();
  await page.getByRole('textbox', { name: 'Text of rules/mine.yaml' }).waitFor({ state: 'detached' });
  await page.getByRole('navigation', { name: 'Files' }).getByRole('link', { name: plan.file }).click();
  await button('Undo all changes').click();
  await page.getByRole('link', { name: '1 file changed' }).waitFor({ state: 'detached' });
}
