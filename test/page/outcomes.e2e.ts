/** Every way a login can end, as somebody with a browser meets it: the real page of the real daemon, PAM's own modules behind it. */
import assert from 'node:assert/strict';
import { after, describe, it } from 'node:test';
import type { Page } from 'playwright-core';
import { launch, look, signIn, textOf, typeAccount } from './browser.js';
import { HELP, startWithPeople } from './people.js';

const browser = await launch();
const { daemon } = await startWithPeople({ after });
after(() => browser.close());

const alert = (page: Page) => page.getByRole('alert');
const problem = async (page: Page, title: string) => {
  await alert(page).getByText(title, { exact: true }).waitFor();
  return (await alert(page).textContent()) ?? '';
};

describe('a login on the page', () => {
  it('with the right password shows a token that a review takes, its claims, its end, and how to use it', async (t) => {
    const { page, context, url } = await look(t, browser, daemon);
    await context.grantPermissions(['clipboard-read', 'clipboard-write']);
    await page.getByLabel('https://vault.example.org').uncheck();
    const slider = page.getByRole('slider', { name: 'Good for' });
    assert.equal(await slider.getAttribute('aria-valuetext'), '10 minutes');
    await slider.fill((await slider.getAttribute('max')) ?? '');
    assert.equal(await slider.getAttribute('aria-valuetext'), '1 day');
    await signIn(page);
    await page.getByRole('heading', { name: 'Signed in as alice' }).waitFor();
    assert.equal(page.url(), url);
    const token = (await page.locator('#token').textContent()) ?? '';
    const { review } = await daemon.review(token, { audiences: ['https://kubernetes.default.svc'] });
    assert.equal(review.status.user?.username, 'alice');
    assert.match(await textOf(page.getByRole('timer')), /^ends in (1 d|23 h 59 min)$/);
    const claims = await textOf(page.locator('dl'));
    for (const text of ['alice', '20001', 'https://pamhook.example.org', 'https://kubernetes.default.svc'])
      assert.ok(claims.includes(text));
    assert.ok(!claims.includes('vault'));
    await page.getByRole('button', { name: 'Copy token' }).click();
    await page.getByText('Copied the token').waitFor({ state: 'attached' });
    assert.equal(await page.evaluate('navigator.clipboard.readText()'), token);
    await page.getByRole('tab', { name: 'set-credentials' }).click();
    const commands = await page.getByRole('tabpanel').locator('code').textContent();
    assert.ok(commands?.startsWith(`kubectl config set-credentials alice --token=${token}\n`));
    await page.getByRole('button', { name: 'Copy commands' }).click();
    assert.equal(await page.evaluate('navigator.clipboard.readText()'), commands);
    assert.equal(await page.locator('.downloads').isVisible(), false);
    await page.getByRole('button', { name: 'Done: forget the token' }).click();
    await page.getByText('The token is gone from this page.').waitFor();
    assert.ok(!(await page.content()).includes(token));
  });

  it('ends with the token, which then goes from the page', async (t) => {
    const { page } = await look(t, browser, daemon);
    await page.clock.install();
    await page.reload();
    await signIn(page);
    await page.getByRole('heading', { name: 'Signed in as alice' }).waitFor();
    await page.clock.runFor('05:00');
    assert.match(await textOf(page.getByRole('timer')), /^ends in (5 min|4 min 5\d s)$/);
    await page.clock.runFor('05:01');
    await page.getByText('The token has ended.').waitFor();
    assert.doesNotMatch(await page.content(), /ey\w+\.ey/);
  });

  it('with a wrong password says so, keeps the name, and forgets the password', async (t) => {
    const { page } = await look(t, browser, daemon);
    await signIn(page, 'alice', 'wrong');
    assert.match(await problem(page, 'Not signed in'), /the password or a code is wrong/);
    assert.equal(await page.getByLabel('User name').inputValue(), 'alice');
    assert.equal(await page.getByLabel('Password', { exact: true }).inputValue(), '');
    assert.equal(await page.locator(':focus').getAttribute('id'), 'password');
    await page.keyboard.type('secret\n');
    await page.getByRole('heading', { name: 'Signed in as alice' }).waitFor();
    assert.equal(await alert(page).count(), 0);
  });

  it('that is throttled says how long, and takes no other until then', async (t) => {
    const { page } = await look(t, browser, daemon);
    // Behind one another: beyond five they must wait.
    for (let failures = 0; failures < 5; failures += 1) await daemon.login('guessed', 'wrong');
    await signIn(page, 'guessed', 'wrong');
    while ((await page.getByRole('button', { name: /^Wait / }).count()) === 0) {
      if (await alert(page).getByText('Not signed in').isVisible()) await signIn(page, 'guessed', 'wrong');
      await page.waitForTimeout(100);
    }
    assert.match(
      await problem(page, 'Too many failed logins'),
      /for another \d+ seconds?, not even with the right password/,
    );
    const button = page.getByRole('button', { name: /^Wait \d+ s$/ });
    assert.equal(await button.getAttribute('aria-disabled'), 'true');
    await page.getByRole('button', { name: 'Get a token' }).waitFor();
  });

  for (const [user, title, text] of [
    ['expired', 'Account expired', /this account has expired/],
    ['barred', 'Access denied', /may not have a token here/],
    ['stale', 'Password expired', /Set a new one, then sign in with that/],
  ] as const) {
    it(`of an account with "${title}" says so, and what to do about it`, async (t) => {
      const { page } = await look(t, browser, daemon);
      await signIn(page, user);
      const words = await problem(page, title);
      assert.match(words, text);
      assert.equal(words.includes(HELP), user === 'stale');
      if (user !== 'stale') return;
      const link = alert(page).getByRole('link', { name: 'https://id.example.org/password' });
      assert.equal(await link.getAttribute('href'), 'https://id.example.org/password');
    });
  }

  it('that cannot be checked says that this tells nothing about the password, which is kept for another try', async (t) => {
    const { page } = await look(t, browser, daemon);
    await signIn(page, 'broken');
    assert.match(await problem(page, 'Could not check'), /says nothing about your password/);
    assert.equal(await page.getByLabel('Password', { exact: true }).inputValue(), 'secret');
  });

  it('without an answer says that pamhook cannot be reached', async (t) => {
    const { page, context, faults } = await look(t, browser, daemon);
    await context.setOffline(true);
    await signIn(page);
    assert.match(await problem(page, 'No answer'), /cannot be reached/);
    assert.match(faults.splice(0).join(), /ERR_INTERNET_DISCONNECTED/);
  });

  it('asks what PAM asks, in its words and not as markup, hidden where it must be', async (t) => {
    const { page } = await look(t, browser, daemon);
    await signIn(page, 'careful');
    await problem(page, 'One more step');
    const [pet, code] = [page.getByLabel('Name of your <b>pet</b>:'), page.getByLabel('One-time code <img src=x>:')];
    assert.deepEqual([await pet.getAttribute('type'), await code.getAttribute('type')], ['text', 'password']);
    assert.equal(await page.getByLabel('Password', { exact: true }).isVisible(), false);
    assert.equal(await page.locator(':focus').getAttribute('id'), await pet.getAttribute('id'));
    await page.keyboard.type('rex\t000000\n');
    await problem(page, 'Not signed in');
    assert.equal(await code.count(), 0);
    await typeAccount(page, 'careful', 'secret');
    await page.keyboard.press('Enter');
    await pet.fill('rex');
    await code.fill('123456');
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'Signed in as careful' }).waitFor();
    await page.getByText('Your <i>password</i> expires in 3 days', { exact: true }).waitFor();
  });

  it('asks step by step where PAM does, and can be started over', async (t) => {
    const { page } = await look(t, browser, daemon);
    await signIn(page, 'stepwise');
    await page.getByLabel('Name of your <b>pet</b>:').fill('rex');
    assert.equal(await page.getByLabel('One-time code <img src=x>:').count(), 0);
    await page.keyboard.press('Enter');
    await page.getByLabel('One-time code <img src=x>:').fill('123456');
    await page.getByRole('button', { name: 'Start over' }).click();
    assert.equal(await page.getByLabel('Name of your <b>pet</b>:').count(), 0);
    assert.equal(await page.getByLabel('User name').inputValue(), '');
    await signIn(page, 'stepwise');
    await page.getByLabel('Name of your <b>pet</b>:').fill('rex');
    await page.keyboard.press('Enter');
    await page.getByLabel('One-time code <img src=x>:').fill('123456');
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'Signed in as stepwise' }).waitFor();
  });
});
