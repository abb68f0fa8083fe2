// What a person does with a site, at one width: each view is used, and looked at by axe-core.
//   node views.mjs --site FOLDER --width 390 --pictures FOLDER --case 'FILE: NAME (allowed)'

import { join } from 'node:path';
import { argument, inBrowser } from '../browser.mjs';
import { fits, isAccessible, shows } from '../looked-at.mjs';
import { serve } from './static-server.mjs';

const width = Number(argument('width'));
const pictures = argument('pictures');
const server = await serve(argument('site'));
try {
  await inBrowser(server.address, { width, height: 900 }, use);
} finally {
  server.close();
}

async function use(page) {
  const button = (name) => page.getByRole('button', { name });
  const text = (words) => page.getByText(words);
  const judge = () => button(/^Judge$/).click();
  const view = async (name, title) => {
    await page.getByRole('navigation', { name: 'Views' }).getByRole('link', { name, exact: true }).click();
    await shows(page, page.getByRole('heading', { level: 1, name: title ?? name }), `the view ${name}`);
  };
  const looked = async (what) => {
    await isAccessible(page, what);
    await fits(page, what);
    await page.evaluate(() => window.scrollTo(0, 0));
    await page.screenshot({ path: join(pictures, `playground-${what}-${width}.png`), fullPage: what !== 'book' });
  };

  await shows(page, text(/^Denied 4\d\d/), 'the verdict on the first request');
  await shows(page, text('application/problem+json'), 'the ProblemDetails');
  await looked('request');

  await page.getByLabel('Body').fill('{');
  await judge();
  await shows(page, text(/^Denied 400/), 'the verdict on a body that is not JSON');
  await page.getByLabel('Facts').fill('{');
  await judge();
  await shows(page, page.getByRole('alert').getByText(/^The facts are not JSON/), 'what is wrong with the facts');
  await looked('slip');

  // A case whose verdict depends on facts, without them.
  await page.getByLabel('Start from a case').selectOption({ label: argument('case') });
  await shows(page, page.locator('.verdict'), 'the verdict on a case');
  await page.getByLabel('Facts').fill('');
  await judge();
  await shows(page, text('Not judged: facts are missing'), 'that facts are missing');
  await looked('missing');
  const add = page.getByRole('button', { name: /^Add .* to the facts$/ });
  for (let facts = 0; facts < 5 && (await add.count()) > 0; facts += 1) {
    const before = await add.count();
    await add.first().click();
    await page.waitForFunction((count) => document.querySelectorAll('.verdict button').length !== count || document.querySelector('.verdict .box:not(.warn)'), before);
  }
  await shows(page, page.locator('.verdict .box:not(.warn)'), 'the verdict with the facts of the examples');

  await view('Options');
  await page.getByLabel('Find rules').fill('header');
  const severity = page.getByRole('combobox', { name: /^Severity of / }).first();
  if ((await severity.count()) > 0) await severity.selectOption('off');
  await looked('options');
  await page.getByRole('link', { name: 'Judge the request with these' }).click();
  await shows(page, page.locator('.verdict .box'), 'the verdict with other settings');

  await view('Cases');
  await button(/^Run all \d+ cases$/).click();
  await shows(page, text(/^\d+ passed, \d+ failed/), 'the result of the cases');
  const said = await text(/^\d+ passed, \d+ failed/).first().innerText();
  if (!/ 0 failed/.test(said)) throw new Error(`the cases: ${said}`);
  await looked('cases');
  const file = page.locator('details.cases').first();
  if ((await file.getAttribute('open')) === null) await file.locator('summary').click();
  await page.getByRole('button', { name: /^Run: / }).first().click();
  await page.getByRole('link', { name: /^Try the request of: / }).first().click();
  await shows(page, page.getByRole('heading', { name: 'Verdict' }), 'the request of a case');

  await view('Rule book');
  await shows(page, text(/^\d+ rules$/), 'how many rules there are');
  await page.getByLabel('Search').fill('xyzzy');
  await shows(page, text(/^0 of \d+ rules$/), 'that no rule matches');
  await page.getByLabel('Search').fill('');
  await page.locator('details.entry summary').first().click();
  await looked('book');

  await view('This policy');
  await shows(page, text('SHA-256 of the file'), 'which file it is');
  await looked('policy');
}
