// The pictures of docs/workbench.md, in docs/images.

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { argument, inBrowser } from '../browser.mjs';
import { find } from '../keyboard.mjs';
import { shows } from '../looked-at.mjs';

/** The largest that a picture may be. */
const LARGEST = 150_000;

const folder = argument('images');

await inBrowser(argument('address'), { width: 1100, height: 720 }, async (page) => {
  await shows(page, page.getByText('compiles', { exact: true }), 'that the bundle compiles');
  const { origin } = new URL(page.url());
  const visit = (hash) => page.goto(`${origin}/${hash}`);

  await visit('#/cases');
  await page.getByRole('button', { name: 'Run all cases' }).click();
  await shows(page, page.getByText(/^\d+ passed, 0 failed$/), 'that the cases pass');
  await page.getByRole('region', { name: 'Cases', exact: true }).locator('summary').last().click();
  await take(page, 'cases');

  await visit('#/files/rules/terminate.yaml?line=3');
  await shows(page, page.locator('.cm-mark-covered'), 'the coverage beside the rules');
  await page.waitForFunction(() => document.activeElement?.classList.contains('editor'));
  await find(page, 'body.terminationType ==');
  await page.keyboard.type('body.terminationtype ==');
  await shows(page, page.getByRole('heading', { name: /^1 (mistake|warning)$/ }), 'a mistake');
  await take(page, 'files');
  await page.getByRole('button', { name: 'Discard' }).click();
  await shows(page, page.getByRole('heading', { name: 'No mistakes' }), 'that no mistake is left');

  await visit('#/request?file=tests/terminate.yaml&case=without+a+ticket');
  await shows(page, page.getByRole('heading', { name: /^Denied 400/ }), 'the denial');
  await take(page, 'request');

  await visit('#/states?fact=opOcc.operationState&operation=retry&state=COMPLETED');
  await shows(page, page.getByRole('status').getByRole('link', { name: 'retry.state.failed-temp' }), 'the rule that refuses');
  await take(page, 'states', { fullPage: true });
});

async function take(page, name, how = {}) {
  await page.mouse.move(0, 0);
  await page.evaluate(() => document.fonts.ready);
  const picture = await page.screenshot({ animations: 'disabled', caret: 'hide', ...how });
  if (picture.length > LARGEST) throw new Error(`the picture ${name} has ${picture.length} bytes, more than ${LARGEST}`);
  writeFileSync(join(folder, `workbench-${name}.png`), picture);
}
