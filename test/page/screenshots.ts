/** Makes the pictures of docs/images: run from the project's top, by `make screenshots`. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { BrowserContextOptions, Page } from 'playwright-core';
import { launch, signIn, typeAccount } from './browser.js';
import { startWithPeople } from './people.js';

const FOLDER = 'docs/images';
const HOST = 'pamhook.example.org';

const endings: (() => unknown)[] = [];
const { daemon } = await startWithPeople({ after: (end) => void endings.unshift(end) }, (dir) => {
  const cluster = { server: 'https://kubernetes.example.org:6443' };
  const template = {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'production', cluster }],
    contexts: [{ name: 'production', context: { cluster: 'production', user: 'me' } }],
    'current-context': 'production',
  };
  writeFileSync(join(dir, 'template.yaml'), JSON.stringify(template));
  return ['-kubecfg-template', join(dir, 'template.yaml'), '-public-url', `https://${HOST}`];
});
// As people would have it, whatever port it is on.
const browser = await launch([`--host-resolver-rules=MAP ${HOST}:443 127.0.0.1:${daemon.port}`]);
endings.unshift(() => browser.close());

async function take(name: string, options: BrowserContextOptions, act: (page: Page) => Promise<void>): Promise<void> {
  const context = await browser.newContext({
    ignoreHTTPSErrors: true,
    viewport: { width: 800, height: 640 },
    ...options,
  });
  const page = await context.newPage();
  await page.goto(`https://${HOST}/`);
  await act(page);
  await page.mouse.move(0, 0);
  await page.screenshot({ path: join(FOLDER, `${name}.png`), fullPage: true, animations: 'disabled', caret: 'hide' });
  await context.close();
}

async function getToken(page: Page): Promise<void> {
  await signIn(page);
  await page.getByRole('heading', { name: 'Signed in as alice' }).waitFor();
}

try {
  mkdirSync(FOLDER, { recursive: true });
  await take('sign-in-light', { colorScheme: 'light' }, (page) => typeAccount(page, 'alice', 'secret'));
  await take('token-light', { colorScheme: 'light' }, getToken);
  await take('token-dark', { colorScheme: 'dark' }, getToken);
  await take('code-dark', { colorScheme: 'dark' }, async (page) => {
    await signIn(page, 'coded');
    await page.getByLabel('One-time code:').fill('123456');
  });
  await take('sign-in-narrow', { colorScheme: 'light', viewport: { width: 390, height: 700 } }, async (page) => {
    await signIn(page, 'stale');
    await page.getByText('Password expired').waitFor();
  });
} finally {
  for (const end of endings) await end();
}
