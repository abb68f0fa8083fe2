// A browser that a test drives. The page may only talk to the program that serves it, and says
// nothing on the console; else the test fails.

import { chromium } from './packages.mjs';

const ARGUMENTS = [
  '--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
  '--disable-component-update', '--disable-sync',
];

// What the browser itself says of answers that the page shows to people.
const REFUSED = /^Failed to load resource: the server responded with a status of (409|422)/;

/**
 * Opens the address, has `visit` done with the page, and closes the browser again.
 * `size` is that of the window.
 */
export async function inBrowser(address, size, visit) {
  const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ARGUMENTS });
  try {
    const context = await browser.newContext({ viewport: size, acceptDownloads: true, reducedMotion: 'reduce' });
    const page = await context.newPage();
    page.setDefaultTimeout(30_000);
    const faults = [];
    const { host } = new URL(address);
    page.on('request', (request) => {
      const { protocol, host: asked } = new URL(request.url());
      if (protocol !== 'blob:' && asked !== host) faults.push(`it asks ${request.url()}`);
    });
    page.on('console', (message) => {
      if (['error', 'warning'].includes(message.type()) && !REFUSED.test(message.text())) faults.push(`on the console: ${message.text()}`);
    });
    page.on('pageerror', (error) => faults.push(`thrown: ${error.stack ?? error.message}`));
    await page.goto(address);
    const missed = await visit(page).then(() => [], (error) => [error.stack ?? String(error)]);
    const all = [...missed, ...faults];
    if (all.length > 0) throw new Error(`the page does not do what it should:\n${all.join('\n')}`);
  } finally {
    await browser.close();
  }
}

/** The value of `--NAME VALUE` on the command line. */
export function argument(name) {
  const at = process.argv.indexOf(`--${name}`);
  const value = at < 0 ? undefined : process.argv[at + 1];
  if (value === undefined) throw new Error(`expected --${name} VALUE`);
  return value;
}
