/** What the page must not do, and what must not be done to it; each kind of fault is shown to be noticed. */
import assert from 'node:assert/strict';
import { after, describe, it, type TestContext } from 'node:test';
import type { Page } from 'playwright-core';
import { auditLines } from '../daemon/daemon-harness.js';
import { launch, look, signIn } from './browser.js';
import { startWithPeople } from './people.js';

const browser = await launch();
const { daemon, scene } = await startWithPeople({ after });
after(() => browser.close());

const issued = (page: Page) => page.getByRole('heading', { name: 'Signed in as alice' }).waitFor();

describe('the token', () => {
  it('is gone after leaving the page and coming back', async (t) => {
    const { page } = await look(t, browser, daemon);
    await signIn(page);
    await issued(page);
    await page.goto('about:blank');
    await page.goBack();
    await page.getByRole('heading', { name: 'Sign in' }).waitFor();
    assert.doesNotMatch(await page.content(), /ey[\w-]+\.ey/);
    assert.equal(await page.getByLabel('User name').inputValue(), '');
    assert.equal(await page.getByLabel('Password', { exact: true }).inputValue(), '');
  });

  it('and what was typed are gone as the page is left, also where the browser keeps it as it was for who comes back', async (t) => {
    const { page } = await look(t, browser, daemon);
    await signIn(page);
    await issued(page);
    const leave = async () => {
      await page.evaluate("dispatchEvent(new PageTransitionEvent('pagehide', { persisted: true }))");
      await page.getByRole('heading', { name: 'Sign in' }).waitFor();
    };
    await leave();
    assert.doesNotMatch(await page.content(), /ey[\w-]+\.ey/);
    await page.getByLabel('User name').fill('alice');
    await page.getByLabel('Password', { exact: true }).fill('secret');
    await leave();
    assert.equal(await page.getByLabel('User name').inputValue(), '');
    assert.equal(await page.getByLabel('Password', { exact: true }).inputValue(), '');
  });

  it('of a login that ends after the page was left is not shown', async (t) => {
    const { page, context } = await look(t, browser, daemon);
    let answer = () => {};
    await context.route('**/login', async (route) => {
      const response = await route.fetch();
      await new Promise<void>((resolve) => {
        answer = resolve;
      });
      await route.fulfill({ response }).catch(() => {});
    });
    await signIn(page);
    await page.getByRole('button', { name: 'Checking…' }).waitFor();
    await page.evaluate("dispatchEvent(new PageTransitionEvent('pagehide', { persisted: true }))");
    await page.getByRole('button', { name: 'Get a token' }).waitFor();
    answer();
    await page.waitForTimeout(300);
    assert.equal(await page.locator('#issued').count(), 0);
  });
});

describe('another site', () => {
  const EVIL = 'https://evil.example/';
  const logins = () => auditLines(scene).filter(({ event }) => String(event).startsWith('token.')).length;

  async function visitEvil(t: TestContext, body: string, javaScriptEnabled = true, ...allow: RegExp[]) {
    const looked = await look(t, browser, daemon, { javaScriptEnabled });
    const { page, context, allowed } = looked;
    allowed.push(/^asked https:\/\/evil\.example\/$/, ...allow);
    // Else Chromium itself would keep any site from a server on loopback, and nothing would be seen of the page's own defence.
    await context.grantPermissions(['local-network-access'], { origin: EVIL });
    await context.route(`${EVIL}**`, (route) => route.fulfill({ contentType: 'text/html', body }));
    await page.goto(EVIL);
    return looked;
  }

  it('cannot sign anybody in by a form, with script or without', async (t) => {
    for (const javaScriptEnabled of [true, false]) {
      const before = logins();
      const form = `<form method="post" action="https://localhost:${daemon.port}/login">
        <input name="username" value="alice"><input name="password" value="secret"><button>Win</button></form>`;
      const { page } = await visitEvil(t, form, javaScriptEnabled);
      await page.getByRole('button', { name: 'Win' }).click();
      await page.getByText('Not from this page').waitFor();
      assert.equal(page.url(), `https://localhost:${daemon.port}/login`);
      assert.equal(logins(), before);
    }
  });

  it('cannot sign anybody in by script, nor read an answer', async (t) => {
    const before = logins();
    const { page, faults } = await visitEvil(t, '<p>evil</p>');
    const ask = (mode: string) =>
      page.evaluate(`fetch('https://localhost:${daemon.port}/login', { method: 'POST', mode: '${mode}',
        body: new URLSearchParams({ username: 'alice', password: 'secret' }) })
        .then(async (answer) => answer.type + (await answer.text()), (error) => error.name)`);
    assert.equal(await ask('no-cors'), 'TypeError');
    assert.equal(await ask('cors'), 'TypeError');
    assert.match(faults.splice(0).join(), /NotSameOrigin.*blocked by CORS policy/);
    assert.equal(logins(), before);
  });

  it('cannot show the page inside its own', async (t) => {
    const frame = `<iframe src="https://localhost:${daemon.port}/"></iframe>`;
    const blocked = /"frame-ancestors 'none'"\. The request has been blocked/;
    const { page } = await visitEvil(t, frame, true, blocked);
    while (page.frames()[1]?.url() !== 'chrome-error://chromewebdata/') await page.waitForTimeout(20);
  });
});

describe('what the tests would notice', () => {
  it('is a violation of the policy, by script, style, markup or address', async (t) => {
    const { page, faults } = await look(t, browser, daemon);
    for (const attempt of [
      "document.body.append(Object.assign(document.createElement('style'), { textContent: 'p{}' }))",
      "document.body.setAttribute('style', 'color: red')",
      "document.body.append(Object.assign(document.createElement('script'), { text: '1' }))",
      "document.body.innerHTML = '<p>x</p>'",
      "document.body.append(Object.assign(document.createElement('img'), { src: 'https://evil.example/x.png' }))",
      "fetch('https://evil.example/').catch(() => {})",
    ]) {
      await page.evaluate(`(() => { try { ${attempt} } catch {} })()`).catch(() => {});
      while (faults.length === 0) await page.waitForTimeout(20);
      assert.match(faults.splice(0).join(), /Content Security Policy|Trusted(?:Script|HTML)/, attempt);
      await page.reload();
      faults.splice(0);
    }
  });
});
