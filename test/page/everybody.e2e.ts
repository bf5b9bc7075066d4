/** The page for those without a mouse, without sight, without script, in the dark, on a phone. */
import assert from 'node:assert/strict';
import { after, describe, it, type TestContext } from 'node:test';
import type { BrowserContextOptions, Page } from 'playwright-core';
import { assertAccessible, launch, look, signIn, textOf, typeAccount } from './browser.js';
import { HELP, startWithPeople } from './people.js';

const browser = await launch();
const { daemon } = await startWithPeople({ after });
after(() => browser.close());

const issuedTo = (page: Page, name: string) => page.getByRole('heading', { name: `Signed in as ${name}` }).waitFor();
const focused = (page: Page) => page.locator(':focus');

/** What is in focus after each press of the key, by its name or its id. */
async function walk(page: Page, key: string, count: number): Promise<string[]> {
  const seen: string[] = [];
  for (let step = 0; step < count; step += 1) {
    await page.keyboard.press(key);
    const id = await focused(page).getAttribute('id');
    seen.push(id ?? (await textOf(focused(page))).trim());
  }
  return seen;
}

describe('with the keyboard alone', () => {
  it('a token is got, copied and used in order, each place seen', async (t) => {
    const { page, context } = await look(t, browser, daemon);
    await context.grantPermissions(['clipboard-read', 'clipboard-write']);
    assert.deepEqual(await walk(page, 'Tab', 1), ['username']);
    await page.keyboard.type('alice');
    assert.deepEqual(await walk(page, 'Tab', 1), ['password']);
    await page.keyboard.type('secret');
    assert.deepEqual(await walk(page, 'Tab', 1), ['lifetime-slider']);
    await page.keyboard.press('ArrowRight');
    assert.equal(await focused(page).getAttribute('aria-valuetext'), '15 minutes');
    await page.keyboard.press('Home');
    assert.equal(await focused(page).getAttribute('aria-valuetext'), '1 minute');
    await page.keyboard.press('Tab');
    await page.keyboard.press('Space');
    assert.equal(await page.getByLabel('https://kubernetes.default.svc').isChecked(), false);
    await page.keyboard.press('Tab');
    assert.deepEqual(await walk(page, 'Tab', 1), ['Get a token']);
    const outline = await focused(page).evaluate('getComputedStyle(document.activeElement).outlineStyle');
    assert.equal(outline, 'solid');
    await page.keyboard.press('Enter');
    await issuedTo(page, 'alice');
    // A screen reader goes on from here.
    assert.equal(await focused(page).getAttribute('id'), 'issued-title');
    const token = await textOf(page.locator('#token'));
    assert.deepEqual(await walk(page, 'Tab', 1), ['Copy token']);
    await page.keyboard.press('Enter');
    await page.getByText('Copied the token').waitFor({ state: 'attached' });
    assert.equal(await page.evaluate('navigator.clipboard.readText()'), token);
    assert.deepEqual(await walk(page, 'Tab', 2), ['What stands in it', 'way-plugin-tab']);
    assert.deepEqual(await walk(page, 'ArrowRight', 3), ['way-set-credentials-tab', 'way-curl-tab', 'way-plugin-tab']);
    assert.deepEqual(await walk(page, 'ArrowLeft', 1), ['way-curl-tab']);
    assert.deepEqual(await walk(page, 'Home', 1), ['way-plugin-tab']);
    assert.deepEqual(await walk(page, 'End', 1), ['way-curl-tab']);
    assert.match(await textOf(page.getByRole('tabpanel')), /TOKEN=\$\(curl /);
    assert.deepEqual(await walk(page, 'Tab', 2), ['Copy commands', 'Done: forget the token']);
    await page.keyboard.press('Enter');
    assert.equal(await focused(page).getAttribute('id'), 'username');
  });
});

describe('axe finds nothing', () => {
  const variants: Readonly<Record<string, BrowserContextOptions & { readonly script?: false }>> = {
    light: { colorScheme: 'light' },
    dark: { colorScheme: 'dark' },
    'light, on a phone': { colorScheme: 'light', viewport: { width: 360, height: 740 } },
    'light, without script': { colorScheme: 'light', script: false },
    'dark, without script, on a phone': { colorScheme: 'dark', viewport: { width: 360, height: 740 }, script: false },
  };

  async function assertFits(page: Page): Promise<void> {
    const [wanted, there] = (await page.evaluate(
      '[document.documentElement.scrollWidth, document.documentElement.clientWidth]',
    )) as [number, number];
    assert.ok(wanted <= there, `the page is ${wanted} wide, the screen ${there}`);
  }

  async function walkThrough(
    t: TestContext,
    { script, ...options }: BrowserContextOptions & { readonly script?: false },
  ): Promise<void> {
    const { page, context } = await look(t, browser, daemon, options);
    if (script === false) {
      // Axe is a script itself: it can look at what is there without that of the page, but not without any.
      await context.route('**/assets/*.js', (route) => route.fulfill({ contentType: 'text/javascript', body: '' }));
      await page.reload();
    }
    const check = async () => {
      await assertAccessible(page);
      await assertFits(page);
    };
    await check();
    await signIn(page, 'stale');
    await page.getByText(HELP).waitFor();
    await check();
    await signIn(page, 'careful');
    await page.getByText('One more step').waitFor();
    await check();
    if (script === false) await page.getByLabel('Password', { exact: true }).fill('secret');
    await page.getByLabel('Name of your').fill('rex');
    await page.getByLabel('One-time code').fill('123456');
    await page.keyboard.press('Enter');
    await issuedTo(page, 'careful');
    await check();
    for (const tab of await page.getByRole('tab').all()) {
      await tab.click();
      await check();
    }
  }

  for (const [name, options] of Object.entries(variants)) {
    it(`in any state: ${name}`, (t) => walkThrough(t, options));
  }
});

describe('without script', () => {
  const withoutScript = { javaScriptEnabled: false };

  it('a token is got, with its claims, its end and the commands', async (t) => {
    const { page, url } = await look(t, browser, daemon, withoutScript);
    await typeAccount(page, 'alice', 'secret');
    await page.getByLabel('Good for').selectOption('1 hour');
    await page.getByLabel('https://vault.example.org').uncheck();
    await page.keyboard.press('Enter');
    await issuedTo(page, 'alice');
    assert.equal(page.url(), `${url}login`);
    const token = await textOf(page.locator('#token'));
    const { exp, iat, aud } = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString());
    assert.deepEqual([exp - iat, aud], [3_600, 'https://kubernetes.default.svc']);
    assert.match(await textOf(page.locator('dl')), /20001/);
    assert.match(await textOf(page.getByRole('timer')), /^ends \d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC$/);
    const commands = await page.locator('.ways code').allInnerTexts();
    assert.equal(commands.length, 3);
    assert.ok(commands[2]?.includes(`${url}token`), commands[2]);
  });

  it('refusals and questions are told in the page, and no password comes back', async (t) => {
    const { page } = await look(t, browser, daemon, withoutScript);
    await signIn(page, 'stepwise', 'wrong');
    await page.getByText('Not signed in').waitFor();
    assert.equal(await page.getByLabel('User name').inputValue(), 'stepwise');
    for (const answers of [[], ['rex'], ['rex', '123456']]) {
      await page.getByLabel('Password', { exact: true }).fill('secret');
      const asked = await page.locator('[name=response]').all();
      for (const [index, answer] of answers.entries()) await asked[index]?.fill(answer);
      await Promise.all([page.waitForEvent('load'), page.keyboard.press('Enter')]);
      if (answers.length < 2) await page.getByText('One more step').waitFor();
      const labels = await page.locator('#prompts label').allInnerTexts();
      assert.deepEqual(labels, ['Name of your <b>pet</b>:', 'One-time code <img src=x>:'].slice(0, labels.length));
      assert.equal(labels.length, answers.length < 2 ? answers.length + 1 : 0);
      assert.doesNotMatch(await page.content(), /value="(?:secret|rex)"/);
    }
    await issuedTo(page, 'stepwise');
  });
});

describe('where the script comes late', () => {
  it('the page that came without it is taken over: tabs, copy buttons, the countdown, and the token gone when it is left', async (t) => {
    const { page, context } = await look(t, browser, daemon);
    let isLate = true;
    await context.route('**/assets/*.js', (route) =>
      isLate ? route.fulfill({ contentType: 'text/javascript', body: '' }) : route.continue(),
    );
    await page.reload();
    await typeAccount(page, 'alice', 'secret');
    isLate = false;
    await page.keyboard.press('Enter');
    await issuedTo(page, 'alice');
    await page.getByRole('tab', { name: 'curl' }).click();
    await page.getByRole('button', { name: 'Copy token' }).waitFor();
    assert.match(await textOf(page.getByRole('timer')), /^ends in (10 min|9 min \d+ s)$/);
    await page.evaluate("dispatchEvent(new Event('pagehide'))");
    await page.getByText('The token is gone from this page.').waitFor();
    assert.equal(await page.locator('#token').count(), 0);
  });
});
