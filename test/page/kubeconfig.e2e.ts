/** The kubeconfig that the page offers, and the page of those whom a proxy lets in. */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import type { Page } from 'playwright-core';
import { parse } from 'yaml';
import { assertAccessible, launch, look, signIn, textOf, typeAccount } from './browser.js';
import { startWithPeople } from './people.js';

const TEMPLATE = {
  apiVersion: 'v1',
  kind: 'Config',
  clusters: [{ name: 'production', cluster: { server: 'https://kubernetes.example.org:6443' } }],
  contexts: [{ name: 'production', context: { cluster: 'production', user: 'me' } }],
  'current-context': 'production',
};

const browser = await launch();
const { daemon } = await startWithPeople({ after }, (dir) => {
  writeFileSync(join(dir, 'template.yaml'), JSON.stringify(TEMPLATE));
  return [
    ...['-kubecfg-template', join(dir, 'template.yaml'), '-public-url', 'https://pamhook.example.org'],
    ...['-user-header', 'X-Remote-User', '-trusted-proxies', '127.0.0.1'],
  ];
});
after(() => browser.close());

async function downloaded(page: Page, button: string): Promise<{ name: string; user: Record<string, unknown> }> {
  const [download] = await Promise.all([
    page.waitForEvent('download'),
    page.getByRole('button', { name: button }).click(),
  ]);
  const { users, ...rest } = parse(readFileSync(await download.path(), 'utf8'));
  assert.deepEqual(rest, TEMPLATE);
  return { name: download.suggestedFilename(), user: users[0].user };
}

describe('the kubeconfig', () => {
  it('is offered beside the token: with it, or with the plugin and what was chosen', async (t) => {
    const { page } = await look(t, browser, daemon);
    await page.getByLabel('https://vault.example.org').uncheck();
    await signIn(page);
    await page.getByRole('heading', { name: 'Or as a kubeconfig' }).waitFor();
    await assertAccessible(page);
    const { name, user } = await downloaded(page, 'Download with this token');
    assert.deepEqual([name, user], ['kubeconfig', { token: await textOf(page.locator('#token')) }]);
    const { exec } = (await downloaded(page, 'Download with the plugin')).user as { exec: { args: string[] } };
    assert.deepEqual(exec.args, [
      'credential',
      '--server=https://pamhook.example.org',
      '--username=alice',
      '--audience=https://kubernetes.default.svc',
    ]);
  });

  it('comes by a button of its own without script', async (t) => {
    const { page } = await look(t, browser, daemon, { javaScriptEnabled: false });
    await typeAccount(page, 'alice', 'secret');
    const { name, user } = await downloaded(page, 'Download a kubeconfig');
    assert.equal(name, 'kubeconfig');
    const { review } = await daemon.review(String(user['token']));
    assert.equal(review.status.user?.username, 'alice');
  });
});

describe('whom a proxy lets in', () => {
  for (const javaScriptEnabled of [true, false]) {
    it(`gets a token without a password, ${javaScriptEnabled ? 'with' : 'without'} script`, async (t) => {
      const extraHTTPHeaders = { 'X-Remote-User': 'zoe' };
      const { page } = await look(t, browser, daemon, { extraHTTPHeaders, javaScriptEnabled });
      await page.getByText('You are signed in as zoe.').waitFor();
      assert.equal(await page.getByLabel('Password').count(), 0);
      await page.getByRole('button', { name: 'Get a token' }).click();
      await page.getByRole('heading', { name: 'Signed in as zoe' }).waitFor();
      if (!javaScriptEnabled) return;
      await assertAccessible(page);
      await page.getByRole('button', { name: 'Done: forget the token' }).click();
      await page.getByRole('button', { name: 'Get a token' }).waitFor();
    });
  }
});
