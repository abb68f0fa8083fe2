// An author's first quarter of an hour with a bundle that `solgate new` has made: a slip is
// made, seen and mended, the cases are run, the coverage looked at, the policy exported.
// By keyboard alone.

import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { argument, inBrowser } from '../browser.mjs';
import { shows } from '../looked-at.mjs';
import { enter, find, tabTo } from '../keyboard.mjs';

const RULES = 'rules/tickets.yaml';

const folder = argument('folder');
const exported = argument('exported');

await inBrowser(argument('address'), { width: 1440, height: 900 }, async (page) => {
  const { keyboard } = page;
  const link = (name) => page.getByRole('link', { name, exact: true });
  const button = (name) => page.getByRole('button', { name, exact: true });

  // Opens the bundle, and reads a rule.
  await shows(page, page.getByText('compiles', { exact: true }), 'that the bundle compiles');
  await keyboard.press('Tab');
  await tabTo(page, link('Skip to the content'), 'the link to the content');
  await keyboard.press('Enter');
  await enter(page, link(RULES), 'the file of the rules');
  const editor = page.getByRole('textbox', { name: `Text of ${RULES}` });
  await tabTo(page, editor, 'the editor');

  // Makes a slip, and sees it.
  await find(page, 'body.terminationType ==');
  await keyboard.type('body.terminationtype ==');
  const mistake = page.getByRole('heading', { name: /^\d+ mistakes?$/ });
  await shows(page, mistake, 'the slip');
  const place = link(`${RULES}:9`);
  await shows(page, place, 'where the slip is');
  await shows(page, page.getByRole('listitem').filter({ hasText: 'terminationtype' }), 'what is wrong with the slip');
  // Goes on with Tab: the editor does not keep who is in it.
  await enter(page, place, 'the place of the slip');
  await page.waitForFunction(() => document.activeElement?.classList.contains('editor'));

  // Asks what may stand there, and mends it.
  await keyboard.press('F8');
  await find(page, 'body.terminationtype ==');
  await keyboard.type('body.termi');
  await keyboard.press('Control+Space');
  await shows(page, page.getByRole('option', { name: /^terminationType/ }), 'the member that exists');
  await page.waitForTimeout(150);
  await keyboard.press('Enter');
  await keyboard.type(' ==');
  await shows(page, page.getByRole('heading', { name: 'No mistakes' }), 'that the slip is mended');

  // Changes what the client reads, and saves it.
  await find(page, 'A forceful termination needs a ticket');
  await keyboard.type('Ending a VNF by force needs a ticket');
  await keyboard.press('Control+S');
  await shows(page, page.getByRole('button', { name: 'Save', disabled: true }), 'that it is saved');
  const saved = readFileSync(join(folder, RULES), 'utf8');
  if (!saved.includes('title: Ending a VNF by force needs a ticket') || !saved.includes('body.terminationType ==')) {
    throw new Error(`what is on the disk is not what was written:\n${saved}`);
  }

  // Runs the cases, and sees the coverage.
  await tabTo(page, link('Cases'), 'the cases', 'Shift+Tab');
  await keyboard.press('Enter');
  await enter(page, button('Run all cases'), 'the button that runs the cases');
  await shows(page, page.getByText(/^8 passed, 0 failed$/), 'that the cases pass');
  await shows(page, page.getByRole('heading', { name: 'Coverage: 100 %' }), 'the coverage');

  // Looks at one request, and why it is denied.
  const opened = page.getByRole('region', { name: 'Cases', exact: true }).locator('summary');
  await tabTo(page, opened, 'the cases of the file');
  const attempt = page.getByRole('link', { name: 'Try the request of: any text is no ticket' });
  if (!(await attempt.isVisible())) await keyboard.press('Enter');
  await enter(page, attempt, 'the request of a case');
  await shows(page, page.getByRole('heading', { name: 'Denied 400: Ending a VNF by force needs a ticket' }), 'the denial in the new words');
  const rule = page.getByRole('region', { name: 'How it came about' }).getByRole('link', { name: new RegExp(`^${RULES}`) });
  await enter(page, rule, 'the line of the rule');
  await shows(page, page.locator('.cm-mark-covered'), 'the coverage beside the rule');

  // Exports the file.
  await tabTo(page, link('Export'), 'the export', 'Shift+Tab');
  await keyboard.press('Enter');
  const download = page.waitForEvent('download', { timeout: 120_000 });
  await enter(page, button('Export my-rules'), 'the button that exports');
  writeFileSync(exported, readFileSync(await (await download).path()));
  await shows(page, page.getByText('Policy digest'), 'the digest');
  process.stdout.write(`${await page.locator('dd').first().innerText()}\n`);
});
