/** One PAM transaction on real libpam, as any user: the conversation, the items, the stages. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { loadNative } from '#src/native/binding.js';
import type { PamTransaction, PamTransactionResult } from '#src/native/native.js';
import { evaluate, preload } from '../harness/child.js';
import { compileShared } from '../harness/compile.js';
import { matrixStack, writeServices } from '../harness/pam-service.js';
import { scratchDirectory } from '../harness/scratch.js';

const native = loadNative();
const directory = scratchDirectory({ after });
const scripted = compileShared(directory, 'pam_scripted.c', ['pam']);
const permit = 'account required pam_permit.so\n';
const passdb = join(directory, 'passdb');
writeFileSync(passdb, 'alice:secret:login\n');

/** Runs a transaction against a service made of this text. */
function ask(stack: string, responses: readonly string[], more: Partial<PamTransaction> = {}): PamTransactionResult {
  const configDir = writeServices(directory, { login: stack });
  return native.pamTransaction({
    service: 'login',
    user: 'alice',
    responses: responses.map((text) => Buffer.from(text)),
    remoteHost: '192.0.2.7',
    tty: 'pamhook',
    configDir,
    authenticate: true,
    ...more,
  });
}

const script = (action: string): string => `auth required ${scripted} ${action}\n${permit}`;

test('pamTransaction() accepts the right password and gives PAM_USER', () => {
  assert.deepEqual(ask(matrixStack(passdb), ['secret']), {
    code: 'PAM_SUCCESS',
    stage: 'account',
    messages: [],
    answered: [{ text: 'Password: ', echo: false }],
    unanswered: [],
    failDelay: 0,
    user: 'alice',
  });
});

test('pamTransaction() refuses a wrong password and an unknown user, and gives no user', () => {
  for (const result of [ask(matrixStack(passdb), ['Secret']), ask(matrixStack(passdb), ['secret'], { user: 'bob' })]) {
    assert.equal(result.code, 'PAM_AUTH_ERR');
    assert.equal(result.stage, 'authenticate');
    assert.equal(result.user, undefined);
  }
});

test('pamTransaction() runs the account phase on its own when told to', () => {
  const denied = `auth required pam_deny.so\n${permit}`;
  assert.equal(ask(denied, []).code, 'PAM_AUTH_ERR');
  assert.equal(ask(denied, [], { authenticate: false }).code, 'PAM_SUCCESS');
});

test('pamTransaction() gives the code and the stage of the account phase', () => {
  const result = ask('auth required pam_permit.so\naccount required pam_debug.so acct=acct_expired\n', []);
  assert.equal(result.code, 'PAM_ACCT_EXPIRED');
  assert.equal(result.stage, 'account');
});

test('a transaction that cannot start is not ended: what libpam left as its handle means nothing', async () => {
  const failing = preload(compileShared(directory, 'failing_pam.c'));
  const transaction = "{ service: 'login', user: 'alice', responses: [], tty: 'pamhook', authenticate: true }";
  const result = await evaluate(`console.log(JSON.stringify(native.pamTransaction(${transaction})))`, { env: failing });
  const { code, stage } = result as PamTransactionResult;
  assert.deepEqual({ code, stage }, { code: 'PAM_ABORT', stage: 'start' });
});

test('five messages in one call: each prompt has its own response, and texts are kept in order', () => {
  const result = ask(script('five'), ['secret', '123456']);
  assert.equal(result.code, 'PAM_SUCCESS');
  assert.deepEqual(result.messages, [
    { kind: 'info', text: 'one' },
    { kind: 'error', text: 'three' },
    { kind: 'info', text: 'five' },
  ]);
});

test('five messages in one call: responses in the other order do not fit', () => {
  assert.equal(ask(script('five'), ['123456', 'secret']).code, 'PAM_AUTH_ERR');
});

test('five messages in one call: the prompt without a response is told of, and none is invented', () => {
  const result = ask(script('five'), ['secret']);
  assert.equal(result.code, 'PAM_CONV_ERR');
  assert.deepEqual(result.unanswered, [{ text: 'Code: ', echo: true }]);
  assert.equal(result.messages.length, 3);
});

test('five messages in one call: all prompts are told of when there is no response', () => {
  assert.deepEqual(ask(script('five'), []).unanswered, [
    { text: 'Password: ', echo: false },
    { text: 'Code: ', echo: true },
  ]);
});

test('two modules that prompt take one response each', () => {
  const second = join(directory, 'second');
  writeFileSync(second, 'alice:123456:login\n');
  const stack = matrixStack(passdb) + matrixStack(second);
  assert.equal(ask(stack, ['secret', '123456']).code, 'PAM_SUCCESS');
  assert.equal(ask(stack, ['secret', 'secret']).code, 'PAM_AUTH_ERR');
  assert.equal(ask(stack, ['secret']).unanswered.length, 1);
});

test('a conversation of 32 messages is answered, of none or 33 it fails', () => {
  assert.equal(ask(script('infos 32'), []).code, 'PAM_SUCCESS');
  assert.equal(ask(script('infos 0'), []).code, 'PAM_CONV_ERR');
  assert.equal(ask(script('infos 33'), []).code, 'PAM_CONV_ERR');
});

test('a message of a style that is neither text nor prompt fails', () => {
  assert.equal(ask(script('style 5'), ['x']).code, 'PAM_CONV_ERR');
  assert.equal(ask(script('style 7'), ['x']).code, 'PAM_CONV_ERR');
});

test('a null pointer in place of a message fails', () => {
  assert.equal(ask(script('nothing'), ['x']).code, 'PAM_CONV_ERR');
});

test('64 messages of 1 KiB are kept of what modules say, and 64 prompts', () => {
  const infos = ask(script('infos 32').repeat(3), []).messages;
  assert.equal(infos.length, 64);
  assert.ok(infos.every(({ text }) => text === 'x'.repeat(1024)));
  const prompts = ask(['a', 'b', 'c'].map((letter) => script(`prompts 32 ${letter}`)).join(''), []).unanswered;
  assert.deepEqual(
    prompts.map(({ text }) => text),
    ['a', 'b'].flatMap((letter) => Array(32).fill(letter.repeat(1024))),
  );
});

test('a prompt that is asked again after it had no response is told of once; two in one call, or of two texts, are two', () => {
  const prompts = (...lines: string[]) => ask(lines.map(script).join(''), []).unanswered.length;
  assert.equal(prompts('prompts 1', 'prompts 1', 'prompts 1'), 1);
  assert.equal(prompts('prompts 2'), 2);
  assert.equal(prompts('prompts 1 a', 'prompts 1 b', 'prompts 1 a'), 2);
});

test('a text that is not UTF-8 is made readable, a missing one empty', () => {
  assert.deepEqual(ask(script('latin1'), []).messages, [{ kind: 'info', text: 'caf\uFFFD' }]);
  assert.deepEqual(ask(script('null'), []).messages, [{ kind: 'info', text: '' }]);
});

test('the user a module has put in PAM_USER comes back; one that is not UTF-8 never does', () => {
  assert.equal(ask(script('become alice@example.com'), []).user, 'alice@example.com');
  const result = ask(script('become-latin1'), []);
  assert.equal(result.stage, 'user');
  assert.equal(result.user, undefined);
});

test("PAM's failure delay is reported, the largest of them, and not slept", () => {
  const started = process.hrtime.bigint();
  const result = ask(script('delay 4000000'), []);
  const elapsed = Number(process.hrtime.bigint() - started) / 1e6;
  assert.equal(result.code, 'PAM_AUTH_ERR');
  assert.ok(result.failDelay >= 2_000_000 && result.failDelay <= 6_000_000, `${result.failDelay} us`);
  assert.ok(elapsed < 1500, `took ${elapsed} ms`);
});

test('modules see the remote host and the tty', () => {
  const stack = `auth required pam_exec.so stdout quiet /usr/bin/env\n${permit}`;
  const texts = ask(stack, [])
    .messages.map(({ text }) => text)
    .join('\n');
  assert.match(texts, /PAM_RHOST=192\.0\.2\.7/);
  assert.match(texts, /PAM_TTY=pamhook/);
});

test('modules see no remote host where there is none', () => {
  const stack = 'account required pam_exec.so stdout quiet /usr/bin/env\n';
  const texts = ask(stack, [], { remoteHost: undefined, authenticate: false })
    .messages.map(({ text }) => text)
    .join('\n');
  assert.match(texts, /PAM_USER=alice/);
  assert.doesNotMatch(texts, /PAM_RHOST/);
  assert.throws(() => ask(permit, [], { remoteHost: '' }), { name: 'TypeError', message: /^remoteHost must be/ });
});

test('authentication is asked for with PAM_DISALLOW_NULL_AUTHTOK, and may talk', () => {
  const result = ask(`auth required ${scripted} flags\n${permit}`, []);
  assert.equal(result.code, 'PAM_SUCCESS');
});

test('names and responses of 511 bytes reach PAM whole, others never do', () => {
  const long = 'p'.repeat(511);
  writeFileSync(passdb, `alice:secret:login\n${long}:${long}:login\n`);
  assert.equal(ask(matrixStack(passdb), [long], { user: long }).code, 'PAM_SUCCESS');
  for (const user of ['', 'a\0b', `${long}p`, 'ü'.repeat(256), '\uD800']) {
    assert.throws(() => ask(permit, ['x'], { user }), { name: 'TypeError', message: /^user must be/ });
  }
  for (const response of [`${long}p`, 'secret\0']) {
    assert.throws(() => ask(permit, ['x', response]), { name: 'TypeError', message: /^responses\[1\] must be/ });
  }
  assert.throws(() => ask(permit, Array(65).fill('x')), { name: 'TypeError', message: /^responses\.length/ });
});

test('10,000 transactions leave memory and descriptors as they were', async () => {
  const configDir = writeServices(directory, { login: matrixStack(passdb) });
  const script = `const { readdirSync } = await import('node:fs');
    const common = { service: 'login', user: 'alice', remoteHost: '::1', tty: 'pamhook', authenticate: true, configDir: ${JSON.stringify(configDir)} };
    const codes = new Set();
    const run = (count) => {
      for (let i = 0; i < count; i++) {
        codes.add(native.pamTransaction({ ...common, responses: [Buffer.from(i % 2 === 0 ? 'secret' : 'wrong')] }).code);
      }
      gc();
      return { rss: process.memoryUsage.rss(), descriptors: readdirSync('/proc/self/fd').length };
    };
    const states = [run(10_000), run(10_000), run(10_000), run(10_000)];
    const grown = states.slice(1).map(({ rss }, index) => rss - states[index].rss);
    // What leaks grows in every round; V8's own pages come in some.
    console.log(JSON.stringify({ codes: [...codes], grown: Math.min(...grown), opened: states[3].descriptors - states[0].descriptors }));`;
  const seen = (await evaluate(script, { flags: ['--expose-gc', '--max-semi-space-size=1'] })) as {
    codes: string[];
    grown: number;
    opened: number;
  };
  assert.deepEqual(seen.codes, ['PAM_SUCCESS', 'PAM_AUTH_ERR']);
  assert.equal(seen.opened, 0);
  // AddressSanitizer's own books grow a little.
  const most = process.env['LD_PRELOAD']?.includes('libasan') ? 4 << 20 : 1 << 20;
  assert.ok(seen.grown < most, `grew by ${seen.grown} bytes`);
});
