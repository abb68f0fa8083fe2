// What every view must be: accessible, and no wider than the window.

import { axe } from './packages.mjs';

/** Fails if axe-core finds anything in what is shown now, in light and in dark colours. */
export async function isAccessible(page, what) {
  for (const colorScheme of ['light', 'dark']) {
    await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
    await page.evaluate(axe);
    const violations = await page.evaluate(async () => {
      const { violations: found } = await window.axe.run(document, { resultTypes: ['violations'] });
      return found.map(({ id, help, nodes }) => `${id} (${help}): ${nodes.map((node) => `${node.target.join(' ')} ${node.failureSummary}`).join('; ')}`);
    });
    if (violations.length > 0) throw new Error(`${what}, ${colorScheme}: axe-core finds\n${violations.join('\n')}`);
  }
  await page.emulateMedia({ colorScheme: 'light', reducedMotion: 'reduce' });
}

/** Fails if the page has to be moved sideways to be read. */
export async function fits(page, what) {
  const { wide, shown } = await page.evaluate(() => ({ wide: document.documentElement.scrollWidth, shown: window.innerWidth }));
  if (wide > shown) throw new Error(`${what}: the page is ${wide} wide, and the window ${shown}`);
}

/** Waits for what must become visible, and says of what it was a part. */
export async function shows(page, locator, what) {
  await locator.first().waitFor({ state: 'visible' }).catch(async () => {
    const text = await page.locator('main').innerText().catch(() => 'no main part');
    throw new Error(`${what} is not shown; the page says:\n${text.slice(0, 4000)}`);
  });
}
