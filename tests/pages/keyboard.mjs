// A person who uses no mouse.

/** Most presses of Tab to come anywhere. */
const PATIENCE = 250;

/** Goes to a control by Tab, or by Shift-Tab. */
export async function tabTo(page, locator, what, key = 'Tab') {
  await locator.first().waitFor({ state: 'attached' });
  for (let press = 0; press <= PATIENCE; press += 1) {
    if (await isFocused(locator)) {
      if (!(await isSeen(page))) throw new Error(`${what} has the focus, and nothing shows it`);
      return;
    }
    await page.keyboard.press(key);
  }
  throw new Error(`${what} is not reached by ${key}`);
}

/** Goes to a control, and presses Enter on it. */
export async function enter(page, locator, what) {
  await tabTo(page, locator, what);
  await page.keyboard.press('Enter');
}

/** Selects a text in the editor that has the focus, by the editor's own search. */
export async function find(page, text) {
  await page.keyboard.press('Control+F');
  await page.keyboard.press('Control+A');
  await page.keyboard.type(text);
  await page.keyboard.press('Enter');
  await page.keyboard.press('Escape');
}

function isFocused(locator) {
  return locator.first().evaluate((element) => element.getRootNode().activeElement === element);
}

/** Whether what has the focus is outlined, or has a caret; the editor outlines itself. */
function isSeen(page) {
  return page.evaluate(() => {
    let focused = document.activeElement;
    while (focused?.shadowRoot?.activeElement) focused = focused.shadowRoot.activeElement;
    for (let element = focused; element !== null; element = element.parentElement) {
      if (getComputedStyle(element).outlineStyle !== 'none') return true;
      if (!element.closest('.cm-editor')) break;
    }
    return false;
  });
}
