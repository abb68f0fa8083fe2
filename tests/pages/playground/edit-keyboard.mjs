// A bundle is edited and judged without a mouse.
//   node edit-keyboard.mjs --site FOLDER --plan FILE.json

import { readFileSync } from 'node:fs';
import { argument, inBrowser } from '../browser.mjs';
import { enter, find, tabTo } from '../keyboard.mjs';
import { shows } from '../looked-at.mjs';
import { serve } from './static-server.mjs';

const plan = JSON.parse(readFileSync(argument('plan')));
const server = await serve(argument('site'));
try {
  await inBrowser(server.address, { width: 1440, height: 900 }, async (page) => {
    page.setDefaultTimeout(120_000);
    const { keyboard } = page;
    const link = (name) => page.getByRole('link', { name, exact: true });
    await shows(page, page.locator('.verdict'), 'the first verdict');
    await enter(page, link('Files'), 'the view of the files');
    await shows(page, page.getByRole('heading', { name: 'No mistakes' }), 'that the bundle compiles');
    await enter(page, link(plan.file), 'the file');
    await tabTo(page, page.getByRole('textbox', { name: `Text of ${plan.file}` }), 'the editor');
    await find(page, plan.edit.find);
    await keyboard.type(plan.edit.type);
    await shows(page, page.getByRole('heading', { name: 'No mistakes' }), 'that the bundle compiles');
    const download = page.waitForEvent('download');
    await keyboard.press('Control+S');
    await download;
    await tabTo(page, link('Cases'), 'the cases', 'Shift+Tab');
    await keyboard.press('Enter');
    await enter(page, page.getByRole('button', { name: /^Run all \d+ cases$/ }), 'the button that runs all cases');
    await shows(page, page.getByText(`${plan.cases} passed, 0 failed`), 'the result of the cases');
  });
} finally {
  server.close();
}
