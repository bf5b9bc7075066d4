/** A headless Chromium that looks at the page of a daemon, and lets nothing pass that the page must not do. */
import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import axe from 'axe-core';
import {
  type Browser,
  type BrowserContext,
  type BrowserContextOptions,
  chromium,
  type Locator,
  type Page,
} from 'playwright-core';
import type { Daemon } from '../daemon/daemon-harness.js';

/** Root has no sandbox, and Chromium's own services have nothing to do here. */
const FLAGS = [
  ...(process.getuid?.() === 0 ? ['--no-sandbox'] : []),
  '--disable-gpu',
  '--disable-quic',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** Milliseconds: a busy machine takes its time, a fault none at all. */
const PATIENCE = 20_000;

export function launch(flags: readonly string[] = []): Promise<Browser> {
  return chromium.launch({ executablePath: '/usr/bin/chromium', args: [...FLAGS, ...flags] });
}

export interface Looked {
  readonly page: Page;
  readonly context: BrowserContext;
  readonly url: string;
  /** What the page must not have done; none when the test ends. */
  readonly faults: string[];
  /** What is no fault from then on. */
  readonly allowed: RegExp[];
}

/**
 * The page, as somebody who comes for the first time has it. When the test ends: it has violated no policy, asked no other server, and the browser keeps no cookie and
 * nothing in its storage.
 */
export async function look(
  t: TestContext,
  browser: Browser,
  daemon: Daemon,
  options: BrowserContextOptions = {},
): Promise<Looked> {
  const url = `https://localhost:${daemon.port}/`;
  const context = await browser.newContext({
    ignoreHTTPSErrors: true,
    viewport: { width: 1000, height: 900 },
    ...options,
  });
  context.setDefaultTimeout(PATIENCE);
  // Not subject to the page's policy, which a script that the page loads would be.
  await context.addInitScript({ content: axe.source });
  const page = await context.newPage();
  const [faults, allowed]: [string[], RegExp[]] = [[], []];
  const note = (fault: string) => {
    if (!allowed.some((expression) => expression.test(fault))) faults.push(fault);
  };
  page.on('pageerror', (error) => note(`script: ${error.message}`));
  page.on('console', (message) => {
    // A status of 4xx or 5xx is an answer like others here.
    if (message.type() === 'error' && !/the server responded with a status of [45]\d\d/.test(message.text()))
      note(`console: ${message.text()}`);
  });
  page.on('request', (request) => {
    if (!request.url().startsWith(url) && !/^(?:blob|about):/.test(request.url())) note(`asked ${request.url()}`);
  });
  t.after(async () => {
    const { cookies, origins } = await context.storageState({ indexedDB: true });
    await context.close();
    assert.deepEqual({ faults, cookies, origins }, { faults: [], cookies: [], origins: [] });
  });
  await page.goto(url);
  return { page, context, url, faults, allowed };
}

export async function typeAccount(page: Page, username: string, password: string): Promise<void> {
  await page.getByLabel('User name').fill(username);
  await page.getByLabel('Password', { exact: true }).fill(password);
}

export async function signIn(page: Page, username = 'alice', password = 'secret'): Promise<void> {
  await typeAccount(page, username, password);
  await page.getByRole('button', { name: 'Get a token' }).click();
}

/** All that is in it. */
export async function textOf(locator: Locator): Promise<string> {
  return (await locator.textContent()) ?? '';
}

/** Nothing that would keep somebody out, by all that axe knows of it. */
export async function assertAccessible(page: Page): Promise<void> {
  const violations = await page.evaluate(async () => {
    const { axe } = globalThis as unknown as { axe: { run(): Promise<{ violations: Violation[] }> } };
    return (await axe.run()).violations.map(({ id, nodes }) => ({ id, nodes: nodes.map(({ html }) => html) }));
  });
  assert.deepEqual(violations, []);
}

interface Violation {
  readonly id: string;
  readonly nodes: readonly { readonly html: string }[];
}
