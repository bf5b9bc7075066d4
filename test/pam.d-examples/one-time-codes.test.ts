/** The examples that ask for a one-time code after the password, on real modules with real codes; and what the docs say of them. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { type Answer, auditLines, type Daemon, run, startDaemon } from '../daemon/daemon-harness.js';
import { ROOT } from '../harness/child.js';
import { enterThrowAwayRoot, outside } from '../harness/throw-away-root.js';
import { addUser, brief, install, lastEvent, PASSWORD, setMachine, sh, visible } from './machine.js';

enterThrowAwayRoot(import.meta.url);

const SERVICE = '/etc/pam.d/pamhook';
const SECRET = '3132333435363738393031323334353637383930';
const SECRET_IN_BASE32 = 'GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ';
const TOKEN = [200, 'token'];
const REFUSED = [401, 'Authentication failure'];
const ASKED = [401, 'Additional response required'];

if (!outside) for (const name of ['alice', 'bob']) addUser(name);

/** The code of now, or of so many seconds later. */
function code(seconds = 0): string {
  return sh(`oathtool --totp --now 'now + ${seconds} seconds' ${SECRET}`).trim();
}

function login(daemon: Daemon, password: string, ...further: readonly string[]): Promise<Answer> {
  const responses = further.map((text) => Buffer.from(text).toString('base64'));
  return daemon.login('alice', password, { headers: { 'x-pamhook-response': responses } });
}

/** As the first lines of each example say. */
const modules = {
  'totp-oath': {
    enrol: () => sh(`umask 077; echo 'HOTP/T30/6 alice - ${SECRET}' > /etc/users.oath`),
    prompt: "One-time password (OATH) for `alice': ",
    withoutSecret: REFUSED,
  },
  'totp-google': {
    enrol() {
      const command = /google-authenticator --time-based.*/.exec(
        readFileSync(join(ROOT, 'pam.d-examples/totp-google'), 'utf8'),
      )?.[0];
      sh(`runuser -u alice -- ${command} --force --quiet --qr-mode=none --secret=/home/alice/.google_authenticator
        sed -i '1s/.*/${SECRET_IN_BASE32}/' /home/alice/.google_authenticator`);
    },
    prompt: 'Verification code: ',
    // It asks all the same, and then refuses.
    withoutSecret: ASKED,
  },
};

for (const [example, { enrol, prompt, withoutSecret }] of Object.entries(modules)) {
  describe(`the example ${example}`, () => {
    it('asks for a code at once after the right password, and not before', { skip: outside }, async (t) => {
      install(example, SERVICE);
      enrol();
      const scene = await setMachine(t);
      const daemon = await startDaemon(t, scene, ['-refusal-delay', '3s']);
      assert.deepEqual(brief(await login(daemon, PASSWORD)), ASKED);
      const [event, stage, responses, elapsed] = lastEvent(scene, 'event', 'stage', 'responses', 'elapsedMs');
      assert.deepEqual([event, stage, responses], ['token.prompted', 'authenticate', 1]);
      assert.ok(Number(elapsed) < 3000);
      const began = performance.now();
      const asked = await daemon.login('alice', PASSWORD, { headers: { accept: 'application/json' } });
      assert.ok(performance.now() - began < 3000, 'a question does not wait for the refusal delay');
      assert.deepEqual(JSON.parse(asked.body), {
        error: 'Additional response required',
        prompts: [{ text: prompt, echo: false }],
      });
      const wrong = await login(daemon, 'wrong');
      assert.ok(performance.now() - began >= 2999, 'a refusal does');
      assert.deepEqual(brief(wrong), REFUSED);
    });

    it('takes the password with a code, each code once, and refuses all else alike', { skip: outside }, async (t) => {
      install(example, SERVICE);
      enrol();
      const scene = await setMachine(t);
      const daemon = await startDaemon(t, scene, ['-login-free-failures', '10']);
      const right = code();
      const refusals = [await login(daemon, 'wrong'), await login(daemon, 'wrong', right)];
      refusals.push(await login(daemon, PASSWORD, right === '000000' ? '000001' : '000000'));
      assert.deepEqual(lastEvent(scene, 'event', 'responses', 'stage'), ['token.refused', 2, 'authenticate']);
      refusals.push(await login(daemon, PASSWORD, ''), await login(daemon, right, PASSWORD));
      // The rate limit of pam_google_authenticator has had enough.
      enrol();
      assert.deepEqual(brief(await login(daemon, PASSWORD, right)), TOKEN);
      refusals.push(await login(daemon, PASSWORD, right));
      const later = code(30);
      assert.deepEqual(brief(await login(daemon, PASSWORD, later)), TOKEN);
      refusals.push(await login(daemon, PASSWORD, right), await login(daemon, PASSWORD, later));
      for (const refusal of refusals) assert.deepEqual(visible(refusal), visible(refusals[0] as Answer));
      assert.deepEqual(
        refusals.map(brief),
        refusals.map(() => REFUSED),
      );
    });

    it('tries no second response where the first was wrong, and lets nobody in without a secret', {
      skip: outside,
    }, async (t) => {
      install(example, SERVICE);
      enrol();
      const daemon = await startDaemon(t, await setMachine(t));
      const right = code();
      assert.deepEqual(brief(await login(daemon, PASSWORD, right === '000000' ? '000001' : '000000', right)), REFUSED);
      assert.deepEqual(brief(await daemon.login('bob', PASSWORD)), withoutSecret);
      const response = Buffer.from(right).toString('base64');
      const headers = { 'x-pamhook-response': response };
      assert.deepEqual(brief(await daemon.login('bob', PASSWORD, { headers })), REFUSED);
      assert.deepEqual(brief(await login(daemon, PASSWORD, right, 'unasked')), TOKEN);
    });
  });
}

/** The blocks of commands of a page, each with the answer that follows it. */
function commandsOf(page: string): { command: string; answer: string | undefined }[] {
  const blocks = /```sh\n(?<command>.*?)```\n(?:\n```text\n(?<answer>.*?)\n```)?/gs;
  return [...page.matchAll(blocks)].map(({ groups }) => ({
    command: groups?.['command'] ?? '',
    answer: groups?.['answer'],
  }));
}

describe('docs/one-time-codes.md', () => {
  it('is right, word for word', { skip: outside }, async (t) => {
    sh('rm -f /etc/users.oath; echo 127.0.0.1 pamhook.example.org >> /etc/hosts');
    install('totp-oath', SERVICE);
    const scene = await setMachine(t);
    const init = await run(['init', '--dir', '/etc/pamhook', '--hostname', 'pamhook.example.org'], scene.env);
    assert.equal(init.code, 0, init.stderr);
    const files = [
      '-cert-file',
      '/etc/pamhook/server.crt',
      '-key-file',
      '/etc/pamhook/server.key',
      '-bind-port',
      '6443',
    ];
    await startDaemon(t, scene, files);
    const type = (command: string, ...lines: readonly string[]) =>
      // Without a terminal, curl takes the password from its standard input.
      execFileSync('setsid', ['--wait', 'bash', '-euc', command], {
        input: lines.map((line) => `${line}\n`).join(''),
        env: { PATH: process.env['PATH'], HOME: '/nonexistent' },
        encoding: 'utf8',
        stdio: ['pipe', 'pipe', 'ignore'],
      }).replace(/eyJ[\w-]+\.[\w-]+\.[\w-]+/, 'eyJ...');
    const secret = () => sh(`awk '{ print $4 }' /etc/users.oath`).trim();
    const commands = commandsOf(readFileSync(join(ROOT, 'docs/one-time-codes.md'), 'utf8'));
    for (const { command, answer } of commands) {
      const right = command.includes('read ') ? [sh(`oathtool --totp ${secret()}`).trim()] : [];
      const typed = command.includes('-u alice') ? [...right, PASSWORD] : [];
      const printed = type(command, ...typed).trimEnd();
      if (answer !== undefined) assert.equal(printed, answer, command);
      if (right.length > 0) assert.equal(type(command, ...typed), 'Authentication failure', 'a second time');
    }
    const [, shown] = commands;
    const base32 = execFileSync('base32', { input: Buffer.from(secret(), 'hex'), encoding: 'utf8' }).trim();
    assert.match(type(shown?.command ?? ''), new RegExp(`${base32}$`, 'm'));
    assert.deepEqual(
      auditLines(scene).map(({ event }) => event),
      ['daemon.started', 'token.prompted', 'token.prompted', 'token.issued', 'token.refused'],
    );
  });
});
