// A policy that is opened as a file, or by name: shown, judged, and not changed.

import { argument, inBrowser } from '../browser.mjs';
import { fits, isAccessible, shows } from '../looked-at.mjs';

const name = argument('policy');

await inBrowser(argument('address'), { width: 1440, height: 900 }, async (page) => {
  await shows(page, page.getByRole('banner').getByText(name), 'the name of the policy');
  const goTo = (view) => page.getByRole('navigation', { name: 'Views' }).getByRole('link', { name: view, exact: true }).click();
  await shows(page, page.getByText('read-only', { exact: true }), 'that the files are not to be changed');
  if ((await page.getByRole('button', { name: 'Save' }).count()) > 0) throw new Error('a file that cannot be changed can be saved');
  await isAccessible(page, 'files');

  await goTo('Cases');
  await page.getByRole('button', { name: 'Run all cases' }).click();
  await shows(page, page.getByText(/^\d+ passed, 0 failed$/), 'that the cases pass');
  await fits(page, 'cases');

  await goTo('Request');
  await page.getByRole('combobox', { name: 'Start from an example' }).selectOption({ index: 2 });
  await shows(page, page.getByRole('heading', { name: /^(Allowed|Denied)/ }), 'a verdict');
  await shows(page, page.getByRole('region', { name: 'How it came about' }).getByText('Route'), 'the stages');

  await goTo('Rule book');
  await shows(page, page.getByText(/^\d+ rules$/), 'the rules');
  await isAccessible(page, 'rule book');
  await goTo('States');
  await shows(page, page.getByRole('table').first(), 'the states');
  await isAccessible(page, 'states');
});
