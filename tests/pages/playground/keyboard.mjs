// A request is changed and judged, and cases are run, without a mouse.
//   node keyboard.mjs --site FOLDER

import { argument, inBrowser } from '../browser.mjs';
import { enter, tabTo } from '../keyboard.mjs';
import { shows } from '../looked-at.mjs';
import { serve } from './static-server.mjs';

const server = await serve(argument('site'));
try {
  await inBrowser(server.address, { width: 1440, height: 900 }, async (page) => {
    const link = (name) => page.getByRole('link', { name, exact: true });
    await shows(page, page.locator('.verdict'), 'the first verdict');
    await page.keyboard.press('Tab');
    await enter(page, link('Skip to the content'), 'the link to the content');
    await tabTo(page, page.getByLabel('Body'), 'the body');
    await page.keyboard.press('Control+A');
    await page.keyboard.type('[');
    await page.keyboard.press('Control+Enter');
    await shows(page, page.getByText(/^Denied 400/), 'the verdict on a body that is not JSON');
    await tabTo(page, page.getByRole('button', { name: 'Judge', exact: true }), 'the button that judges');
    await page.keyboard.press('Enter');
    await enter(page, link('Cases'), 'the view of the cases');
    await enter(page, page.getByRole('button', { name: /^Run all \d+ cases$/ }), 'the button that runs all cases');
    await shows(page, page.getByText(/^\d+ passed, 0 failed/), 'the result of the cases');
  });
} finally {
  server.close();
}
