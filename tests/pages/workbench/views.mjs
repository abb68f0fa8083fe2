// Every feature of the workbench, clicked in a window of a given width, on a copy of
// policies/example-operator with the log docs/examples/decisions.jsonl.

import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { argument, inBrowser } from '../browser.mjs';
import { find } from '../keyboard.mjs';
import { fits, isAccessible, shows } from '../looked-at.mjs';

const width = Number(argument('width'));
const folder = argument('folder');
const RULES = 'rules/terminate.yaml';

const views = { files, request, cases, book, states, options, replay, exported };

await inBrowser(argument('address'), { width, height: 900 }, async (page) => {
  await shows(page, page.getByText('compiles', { exact: true }), 'that the bundle compiles');
  for (const [name, view] of Object.entries(views)) {
    await view(page);
    await fits(page, name);
    await isAccessible(page, name);
  }
  await linksAndBack(page);
});

function goTo(page, view) {
  return page.getByRole('navigation', { name: 'Views' }).getByRole('link', { name: view, exact: true }).click();
}

async function files(page) {
  const editor = page.getByRole('textbox', { name: `Text of ${RULES}` });
  await page.getByRole('navigation', { name: 'Files' }).getByRole('link', { name: RULES }).click();
  await shows(page, editor, 'the editor');

  // A mistake as it is typed, and where it is.
  await editor.click();
  await page.keyboard.press('Control+Home');
  await page.keyboard.insertText('- requir: 1\n');
  await shows(page, page.getByRole('link', { name: `${RULES}:1` }), 'where the mistake is');
  await shows(page, page.getByRole('banner').getByRole('link', { name: /mistake/ }), 'the number of mistakes');
  await isAccessible(page, 'a mistake');
  await page.getByRole('button', { name: 'Discard' }).click();
  await shows(page, page.getByRole('heading', { name: 'No mistakes' }), 'that no mistake is left');

  // Completion, and what a word means, by key and by mouse.
  await typeAtTheEnd(page, editor, '\n- id: mine\n  ');
  await page.keyboard.press('Control+Space');
  await shows(page, page.getByRole('option', { name: /^require/ }), 'the completion');
  await page.keyboard.press('Escape');
  await page.getByRole('button', { name: 'Discard' }).click();
  await shows(page, page.getByRole('heading', { name: 'No mistakes' }), 'that no mistake is left');
  await page.goto(`${new URL(page.url()).origin}/#/files/${RULES}?line=4`);
  await page.waitForFunction(() => document.activeElement?.classList.contains('editor'));
  await page.keyboard.press('ArrowRight');
  await page.keyboard.press('ArrowRight');
  await page.keyboard.press('ArrowRight');
  await page.keyboard.press('F2');
  await shows(page, page.locator('.cm-prose'), 'what operations are');
  await page.keyboard.press('Escape');
  await page.locator('.cm-line', { hasText: 'operations' }).first().locator('span').first().hover();
  await shows(page, page.locator('.cm-tooltip-hover .cm-prose'), 'what operations are, at the mouse');
  await page.mouse.move(0, 0);

  // Saved, and not saved over what somebody else has written.
  const path = join(folder, RULES);
  const text = readFileSync(path, 'utf8');
  await typeAtTheEnd(page, editor, '# mine\n');
  await page.getByRole('button', { name: 'Save' }).click();
  await shows(page, page.getByRole('button', { name: 'Save', disabled: true }), 'that it is saved');
  if (readFileSync(path, 'utf8') !== `${text}# mine\n`) throw new Error('the file does not have what was saved');
  writeFileSync(path, `${text}# theirs\n`);
  await typeAtTheEnd(page, editor, '# mine again\n');
  await page.getByRole('button', { name: 'Save' }).click();
  await shows(page, page.getByRole('alert').getByText(`${RULES} is not saved`), 'the conflict');
  await page.getByText('The text on the disk', { exact: true }).click();
  await isAccessible(page, 'a conflict');
  if (readFileSync(path, 'utf8') !== `${text}# theirs\n`) throw new Error('what somebody else wrote is lost');
  await page.getByRole('button', { name: 'Write mine to the disk' }).click();
  await shows(page, page.getByRole('button', { name: 'Save', disabled: true }), 'that it is saved after all');
  if (!readFileSync(path, 'utf8').endsWith('# mine\n# mine again\n')) throw new Error('mine is not on the disk');
  writeFileSync(path, `${text}# theirs\n`);
  await typeAtTheEnd(page, editor, '# a third time\n');
  await page.getByRole('button', { name: 'Save' }).click();
  await page.getByRole('button', { name: 'Take the text on the disk' }).click();
  await shows(page, page.locator('.cm-line', { hasText: '# theirs' }), 'the text of the disk');

  // A new file.
  await page.getByText('New file').click();
  await page.getByRole('textbox', { name: 'Name', exact: true }).fill('rules/fresh.txt');
  await page.getByRole('button', { name: 'Begin it' }).click();
  const fresh = page.getByRole('textbox', { name: 'Text of rules/fresh.txt' });
  await shows(page, fresh, 'the new file');
  await fresh.click();
  await page.keyboard.type('for later');
  await page.keyboard.press('Control+S');
  await shows(page, page.getByRole('button', { name: 'Save', disabled: true }), 'that the new file is saved');
  if (readFileSync(join(folder, 'rules/fresh.txt'), 'utf8') !== 'for later') throw new Error('the new file is not on the disk');
}

async function typeAtTheEnd(page, editor, text) {
  await editor.click();
  await page.keyboard.press('Control+End');
  // As it is: the editor indents what is typed.
  await page.keyboard.insertText(text);
}

async function request(page) {
  await goTo(page, 'Request');
  const examples = page.getByRole('combobox', { name: 'Start from an example' });
  await shows(page, examples, 'the examples');
  const named = examples.locator('option', { hasText: 'terminate: ' });
  await examples.selectOption({ label: await named.first().innerText() });
  await shows(page, page.getByRole('heading', { name: /^(Allowed|Denied)/ }), 'the verdict on an example');

  // One of one's own: the ticket is missing, and no fact is given yet.
  await page.getByRole('combobox', { name: 'Method' }).selectOption('POST');
  await page.getByRole('textbox', { name: 'Target' }).fill('/vnflcm/v2/vnf_instances/vnf-1/terminate');
  await page.getByRole('textbox', { name: 'Body' }).fill('{"terminationType": "GRACEFUL"}');
  await page.getByRole('textbox', { name: 'Facts' }).fill('{');
  await shows(page, page.getByText('The facts are not JSON'), 'that the facts are wrong');
  await page.getByRole('textbox', { name: 'Facts' }).fill('');
  await page.getByRole('button', { name: 'Judge' }).click();
  await shows(page, page.getByRole('heading', { name: 'Denied 400: A termination needs a ticket' }), 'the denial');
  await shows(page, page.getByText('"violations": ['), 'the ProblemDetails');
  const stages = page.getByRole('region', { name: 'How it came about' });
  await shows(page, stages.getByText('the request is denied here'), 'the stage that denies');
  await shows(page, stages.getByRole('link', { name: RULES }), 'the line of the rule');
  await isAccessible(page, 'a denial');

  await page.getByRole('textbox', { name: 'Body' }).fill('{"terminationType": "GRACEFUL", "additionalParams": {"ticket": "CHG0012345"}}');
  await page.getByRole('button', { name: 'Judge' }).click();
  await shows(page, page.getByRole('heading', { name: 'Not judged: facts are missing' }), 'the missing facts');
  await isAccessible(page, 'missing facts');
  for (let fact = 0; fact < 5; fact += 1) {
    const add = page.getByRole('button', { name: /^Add .* to the facts$/ });
    await shows(page, page.getByRole('heading', { name: /^(Allowed|Denied|Not judged)/ }), 'a verdict');
    if ((await add.count()) === 0) break;
    const before = await page.getByRole('textbox', { name: 'Facts' }).inputValue();
    await add.first().click();
    await page.waitForFunction((old) => [...document.querySelectorAll('textarea')].some((area) => area.value.includes('{') && area.value !== old && area.value.length > old.length), before);
    await page.waitForFunction(() => document.querySelector('[aria-busy="true"]') === null);
  }
  await shows(page, page.getByRole('heading', { name: /^(Allowed|Denied)/ }), 'the verdict with facts');

  // The caller, the time and the header fields.
  const roles = page.getByRole('textbox', { name: 'Roles, one a line' });
  if (!(await roles.isVisible())) await page.getByText(/^Caller/).click();
  await roles.fill('vnf-emergency');
  await page.getByRole('textbox', { name: 'Received at' }).fill('2026-11-28T22:30:00Z');
  await page.getByRole('combobox', { name: 'Mode' }).selectOption('monitor');
  await page.getByRole('button', { name: /^Remove header field 1/ }).click();
  await page.getByRole('button', { name: 'Add a header field' }).click();
  await page.getByRole('button', { name: 'Judge' }).click();
  await shows(page, page.getByRole('heading', { name: 'Allowed' }), 'that nothing is denied in monitor mode');
  await shows(page, page.getByRole('heading', { name: 'Also found' }), 'what was found');
}

async function cases(page) {
  await goTo(page, 'Cases');
  await page.getByRole('button', { name: 'Run all cases' }).click();
  await shows(page, page.getByText(/\d+ passed, 0 failed/), 'that all cases pass');
  await shows(page, page.getByRole('region', { name: 'Coverage', exact: true }).getByRole('heading', { name: /^Coverage: [\d.]+ %$/ }), 'the coverage');
  await page.getByRole('searchbox', { name: 'Find' }).fill('ticket');
  const list = page.getByRole('region', { name: 'Cases', exact: true });
  const run = list.getByRole('button', { name: /^Run: / }).first();
  if (!(await run.isVisible())) await list.locator('summary').first().click();
  await run.click();
  await shows(page, page.getByText(/\d+ passed, 0 failed/), 'that the one case passes');

  // A rule that does not hold what its cases expect: the difference, and the coverage beside the rule.
  await page.getByRole('searchbox', { name: 'Find' }).fill('');
  await page.goto(`${new URL(page.url()).origin}/#/files/${RULES}`);
  await shows(page, page.locator('.cm-mark-covered'), 'the coverage beside the rules');
  const editor = page.getByRole('textbox', { name: `Text of ${RULES}` });
  await editor.click();
  await find(page, '(CHG|INC)');
  await page.keyboard.type('(REQ)');
  await shows(page, page.getByRole('heading', { name: 'No mistakes' }), 'that the changed rule compiles');
  await goTo(page, 'Cases');
  await page.getByRole('button', { name: 'Run all cases' }).click();
  await shows(page, page.getByText(/\d+ passed, [1-9]\d* failed/), 'that cases fail');
  await shows(page, page.getByRole('table', { name: /^What differs in / }), 'the difference');
  await page.getByRole('combobox', { name: 'Result' }).selectOption('failed');
  await isAccessible(page, 'failed cases');
  await fits(page, 'failed cases');
  await page.goto(`${new URL(page.url()).origin}/#/files/${RULES}`);
  await page.getByRole('button', { name: 'Discard' }).click();
  await goTo(page, 'Cases');
}

async function book(page) {
  await goTo(page, 'Rule book');
  await shows(page, page.getByText(/^\d+ rules$/), 'how many rules there are');
  await page.getByRole('searchbox', { name: 'Search' }).fill('ticket');
  await shows(page, page.getByText(/^\d+ of \d+ rules$/), 'how many rules match');
  await page.getByRole('combobox', { name: 'Operation' }).selectOption('terminate');
  await page.getByRole('combobox', { name: 'Stage' }).selectOption({ index: 0 });
  await page.locator('summary', { hasText: 'operator.terminate.ticket' }).click();
  await shows(page, page.getByText('additionalParams.ticket.matches'), 'the condition');
  await isAccessible(page, 'a rule');
  await page.getByRole('link', { name: 'Link to operator.terminate.ticket' }).click();
  await page.getByRole('searchbox', { name: 'Search' }).fill('');
  await page.locator('details[open]').getByRole('link', { name: RULES }).click();
  await shows(page, page.getByRole('textbox', { name: `Text of ${RULES}` }), 'the line of the rule');
  await page.goBack();
  await shows(page, page.getByRole('searchbox', { name: 'Search' }), 'the rule book again');
  const stages = await page.getByRole('combobox', { name: 'Stage' }).locator('option').allInnerTexts();
  await page.getByRole('combobox', { name: 'Stage' }).selectOption({ label: stages.find((words) => words === 'State') ?? stages[1] });
  await shows(page, page.getByText(/^\d+ of \d+ rules$/), 'the rules of a stage');
}

async function states(page) {
  await goTo(page, 'States');
  const grid = page.getByRole('region', { name: 'What opOcc.operationState allows' });
  await shows(page, grid, 'the states of operation occurrences');
  await grid.getByRole('link', { name: 'retry in COMPLETED: refused' }).click();
  const rule = page.getByRole('status').getByRole('link', { name: 'retry.state.failed-temp' });
  await shows(page, rule, 'the rule that refuses');
  await grid.getByRole('link', { name: 'retry in FAILED_TEMP: allowed' }).click();
  await shows(page, page.getByRole('heading', { name: 'retry in FAILED_TEMP: allowed' }), 'that it is allowed');
  await page.goBack();
  await rule.first().click();
  await shows(page, page.locator('details[open] summary', { hasText: 'retry.state.failed-temp' }), 'the rule in the book');
  await page.goBack();
  await shows(page, grid, 'the states again');
}

async function options(page) {
  await goTo(page, 'Options');
  await page.getByRole('combobox', { name: 'strict' }).selectOption({ label: 'true' });
  await page.getByRole('textbox', { name: 'maxSteps' }).fill('two');
  await shows(page, page.getByText('Expected an integer.'), 'that it is not an integer');
  await page.getByRole('textbox', { name: 'maxSteps' }).fill('3');
  await page.getByRole('textbox', { name: 'platformRoles' }).fill('platform-admin\nsecond');
  await page.getByRole('textbox', { name: 'mostInstances' }).fill('{"red": 2}');
  await page.getByRole('searchbox', { name: 'Find rules' }).fill('operator.terminate');
  await page.getByRole('combobox', { name: 'Severity of operator.terminate.ticket' }).selectOption('off');
  await shows(page, page.getByText('5 settings are not at their defaults.'), 'how many are set');
  await isAccessible(page, 'settings');
  await page.getByRole('link', { name: 'Judge the request with these' }).click();
  await shows(page, page.getByRole('heading', { name: /^(Allowed|Denied|Not judged)/ }), 'the verdict with settings');
  await shows(page, page.getByText('operator.terminate.ticket: off'), 'the settings beside the request');
  await page.getByRole('link', { name: 'Change them' }).click();
  await page.getByRole('button', { name: 'Default again for strict' }).click();
  await page.getByRole('button', { name: 'All defaults again' }).click();
  await shows(page, page.getByText('Everything is at its default.'), 'that all is at its default');
}

async function replay(page) {
  await goTo(page, 'Replay');
  await page.getByRole('combobox', { name: 'Log named at the start' }).selectOption({ index: 1 });
  await shows(page, page.getByText(/records of .*decisions\.jsonl/), 'what the replay has shown');
  await shows(page, page.getByRole('region', { name: 'Records' }), 'the records');
  await page.getByRole('textbox', { name: 'Operation' }).or(page.getByRole('combobox', { name: 'Operation' })).fill('terminate');
  await shows(page, page.getByRole('region', { name: 'Records' }).getByText(/terminate/), 'the records of an operation');
  await page.getByRole('combobox', { name: 'Recorded verdict' }).selectOption('allow');
  await page.getByRole('checkbox', { name: 'Only disagreements' }).check();
  await shows(page, page.getByText('disagreement', { exact: true }), 'a disagreement');
  await page.getByText('The disagreements by kind').click();
  await isAccessible(page, 'disagreements');
  await page.getByRole('textbox', { name: 'Rule' }).fill('operator.terminate.ticket');
  await shows(page, page.getByText('disagreement', { exact: true }), 'a disagreement because of a rule');
  await page.getByRole('link', { name: /^Try the request of line/ }).first().click();
  await shows(page, page.getByRole('heading', { name: /^(Allowed|Denied|Not judged)/ }), 'the recorded request, judged');
  await page.goBack();
  await page.getByRole('textbox', { name: 'Target or id' }).fill('nothing-of-this-name');
  await shows(page, page.getByText('No record matches.'), 'that no record matches');
  await page.getByRole('textbox', { name: 'Target or id' }).fill('');

  // A log that the program was not told of.
  await page.getByLabel('Log file').setInputFiles(new URL('../../../docs/examples/monitored.jsonl', import.meta.url).pathname);
  await shows(page, page.getByText(/records of monitored\.jsonl/), 'the replay of a file');
}

async function exported(page) {
  await goTo(page, 'Export');
  const download = page.waitForEvent('download', { timeout: 120_000 });
  await page.getByRole('button', { name: 'Export example-operator' }).click();
  const file = await download;
  if (!file.suggestedFilename().endsWith('.wasm')) throw new Error(`the file is called ${file.suggestedFilename()}`);
  const bytes = readFileSync(await file.path());
  if (!bytes.subarray(0, 4).equals(Buffer.from([0, 0x61, 0x73, 0x6d]))) throw new Error('the file is not WebAssembly');
  await shows(page, page.getByText('Policy digest'), 'the digest');
  await shows(page, page.getByText(/^[0-9a-f]{64}$/), 'the digest itself');
}

/** All that was seen has an address: back and forth, and reloaded. */
async function linksAndBack(page) {
  await goTo(page, 'States');
  await goTo(page, 'Rule book');
  await page.goBack();
  await shows(page, page.getByRole('heading', { name: 'States', level: 1 }), 'the view before');
  await page.goForward();
  await shows(page, page.getByRole('heading', { name: 'Rule book', level: 1 }), 'the view after');
  await goTo(page, 'Request');
  const examples = page.getByRole('combobox', { name: 'Start from an example' });
  await examples.selectOption({ index: 1 });
  await page.waitForURL(/ask=/);
  const verdict = page.getByRole('heading', { name: /^(Allowed|Denied)/ });
  await shows(page, verdict, 'a verdict');
  const words = await verdict.first().innerText();
  await page.reload();
  await shows(page, verdict, 'the verdict of the address');
  if ((await verdict.first().innerText()) !== words) throw new Error('the address gives another verdict');
}
