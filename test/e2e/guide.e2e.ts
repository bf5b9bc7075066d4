/** docs/kubernetes.md, word for word: its commands in their order, on a machine that is all of its parties. */
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, copyFileSync, mkdirSync, readFileSync, symlinkSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { it, type TestContext } from 'node:test';
import { MAIN, until } from '../daemon/daemon-harness.js';
import { ROOT } from '../harness/child.js';
import { scratchDirectory } from '../harness/scratch.js';
import { enterThrowAwayRoot } from '../harness/throw-away-root.js';
import { addUser, PASSWORD } from '../pam.d-examples/machine.js';
import { assets, startCluster } from './cluster.js';

const { kubectl } = assets();
enterThrowAwayRoot(import.meta.url);

const PAGE = readFileSync(join(ROOT, 'docs', 'kubernetes.md'), 'utf8');
const SERVES = /^pamhook serve /;

interface Block {
  readonly language: string;
  readonly text: string;
}

const blocks: readonly Block[] = [...PAGE.matchAll(/^```(\w*)\n([\s\S]*?)^```$/gm)].map(
  ([, language = '', text = '']) => ({ language, text }),
);

/** The machine of the page: its name, pamhook and kubectl in PATH, alice in her group. */
function setMachine(): void {
  appendFileSync('/etc/hosts', '\n127.0.0.1 pamhook.example.org\n');
  symlinkSync(MAIN, '/usr/local/bin/pamhook');
  addUser('alice', ['developers']);
}

/** What curl would ask for on the terminal. */
const typed = (command: string) => command.replaceAll('--user alice', `--user 'alice:${PASSWORD}'`);

/** Runs a block as a person would type it; what it printed. */
function typeIn(command: string, env: NodeJS.ProcessEnv): string {
  return execFileSync('bash', ['-euo', 'pipefail', '-c', typed(command)], {
    encoding: 'utf8',
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}

async function startServing(t: TestContext, command: string): Promise<void> {
  const child = spawn('bash', ['-c', `exec ${command}`], { stdio: ['ignore', 'ignore', 'pipe'] });
  const ended = once(child, 'exit');
  t.after(async () => {
    child.kill('SIGTERM');
    await ended;
  });
  let log = '';
  child.stderr.setEncoding('utf8').on('data', (text) => {
    log += text;
  });
  await until(() => {
    assert.equal(child.exitCode, null, log);
    return log.includes('"message":"serving"');
  });
}

it('docs/kubernetes.md leads to what it says', { timeout: 300_000 }, async (t) => {
  setMachine();
  const dir = scratchDirectory(t);
  const config = join(dir, 'admin.kubeconfig');
  mkdirSync('/etc/kubernetes/pki', { recursive: true });
  const environment = {
    PATH: `${join(kubectl, '..')}:${process.env['PATH']}`,
    HOME: homedir(),
    KUBECONFIG: config,
  };
  const printed: string[] = [];
  for (const { language, text } of blocks) {
    if (language === 'sh' && SERVES.test(text)) await startServing(t, text);
    else if (language === 'sh') printed.push(typeIn(text, environment));
    else {
      const flags = text.trim().split('\n');
      assert.ok(flags.every((flag) => flag.startsWith('--authentication-token-webhook-')));
      const cluster = await startCluster(t, join(dir, 'cluster'), flags);
      copyFileSync(cluster.kubeconfig, config);
      copyFileSync(cluster.ca, '/etc/kubernetes/pki/ca.crt');
    }
  }
  assert.match(printed.at(-1) ?? '', /^kube-system\s+Active/m);
  assert.ok(
    printed.some((text) => /-cert-file|cache-ttl=2m/.test(text)),
    'init prints what the page goes on with',
  );
});
