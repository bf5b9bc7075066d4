/** The PAM port on real libpam: its answers, and what never becomes one. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { UnavailableError } from '#src/errors.js';
import { loadNative } from '#src/native/binding.js';
import { createPam, PamFault } from '#src/pam/libpam.js';
import type { PamAnswer } from '#src/pam/pam.js';
import { Secret } from '#src/secret.js';
import { compileShared } from '../harness/compile.js';
import { accountCode, matrixStack, writeServices } from '../harness/pam-service.js';
import { scratchDirectory } from '../harness/scratch.js';

const native = loadNative();
const directory = scratchDirectory({ after });
const scripted = compileShared(directory, 'pam_scripted.c', ['pam']);
const passdb = join(directory, 'passdb');
writeFileSync(passdb, 'alice:secret:login\nbarred:secret:another\n');
const right = 'auth required pam_permit.so\n';

function ask(stack: string, username: string, ...responses: string[]): PamAnswer {
  const configDir = writeServices(directory, { login: stack });
  const pam = createPam({ native, service: 'login', configDir, tty: 'pamhook' });
  return pam.ask({ username, responses: responses.map(Secret.fromString), remoteHost: '192.0.2.7' });
}

/** The libpam code in the error that the question ends in. */
function faultOf(stack: string, ...responses: string[]): string {
  try {
    const answer = ask(stack, 'alice', ...responses);
    return `answered: ${answer.outcome}`;
  } catch (error) {
    assert.ok(error instanceof UnavailableError, String(error));
    assert.equal(error.code, 'ERR_PAM_UNAVAILABLE');
    assert.ok(error.cause instanceof PamFault);
    return error.cause.detail.code;
  }
}

test('the right password is accepted, with the user and the code', () => {
  assert.deepEqual(ask(matrixStack(passdb), 'alice', 'secret'), {
    outcome: 'accepted',
    username: 'alice',
    messages: [],
    detail: { code: 'PAM_SUCCESS', stage: 'account', failDelay: 0 },
  });
});

test('a wrong password and an unknown user are refused without reason or messages', () => {
  const talkative = `auth required ${scripted} info locked\\040out\n${matrixStack(passdb)}`;
  for (const [user, password] of [
    ['alice', 'wrong'],
    ['nobody-such', 'secret'],
  ] as const) {
    const answer = ask(talkative, user, password);
    assert.deepEqual(answer, {
      outcome: 'refused',
      messages: [],
      detail: { code: 'PAM_AUTH_ERR', stage: 'authenticate', failDelay: 0 },
    });
  }
});

for (const [code, reason] of [
  ['acct_expired', 'account expired'],
  ['new_authtok_reqd', 'password expired'],
  ['authtok_expired', 'password expired'],
  ['perm_denied', 'access denied'],
  ['user_unknown', 'access denied'],
  ['auth_err', 'access denied'],
] as const) {
  test(`after the right password, ${code.toUpperCase()} of the account phase is refused: ${reason}`, () => {
    const stack = `${accountCode('alice', code)}${matrixStack(passdb)}`;
    const answer = ask(stack, 'alice', 'secret');
    assert.equal(answer.outcome, 'refused');
    assert.equal(answer.outcome === 'refused' && answer.reason, reason);
    const wrong = ask(stack, 'alice', 'wrong');
    assert.equal(wrong.outcome, 'refused');
    assert.ok(!('reason' in wrong));
  });
}

test('an account that the service does not let in is refused: access denied', () => {
  writeFileSync(passdb, 'alice:secret:login\nbarred:secret:login\n');
  const other = join(directory, 'account');
  writeFileSync(other, 'barred:secret:another\n');
  const stack = `${matrixStack(passdb).split('\n')[0]}\n${matrixStack(other).split('\n')[1]}\n`;
  const answer = ask(stack, 'barred', 'secret');
  assert.equal(answer.outcome === 'refused' && answer.reason, 'access denied');
});

test('a warning that the password expires soon comes with the acceptance', () => {
  const stack = `${matrixStack(passdb)}account optional ${scripted} info expires-in-3-days\n`;
  const answer = ask(stack, 'alice', 'secret');
  assert.equal(answer.outcome, 'accepted');
  assert.deepEqual(answer.outcome === 'accepted' && answer.messages, ['expires-in-3-days']);
});

test('what a module says about a denied account comes with the reason', () => {
  const stack = `${right}account optional ${scripted} info ask-your-admin\naccount required pam_deny.so\n`;
  const answer = ask(stack, 'alice', 'secret');
  assert.deepEqual(answer.outcome === 'refused' && answer.messages, ['ask-your-admin']);
});

test('a prompt without a response is handed back', () => {
  const answer = ask(`auth required ${scripted} five\naccount required pam_permit.so\n`, 'alice', 'secret');
  assert.equal(answer.outcome, 'prompted');
  assert.deepEqual(answer.outcome === 'prompted' && answer.prompts, [{ text: 'Code: ', echo: true }]);
});

test('a denied account is refused even if an optional module had no response', () => {
  const denied = ask(
    `auth optional ${scripted} five\n${right}account required pam_debug.so acct=acct_expired\n`,
    'alice',
    'x',
  );
  assert.equal(denied.outcome === 'refused' && denied.reason, 'account expired');
});

for (const code of [
  'open_err',
  'symbol_err',
  'service_err',
  'system_err',
  'buf_err',
  'authinfo_unavail',
  'no_module_data',
  'try_again',
  'abort',
  'module_unknown',
  'bad_item',
  'incomplete',
  'conv_err',
]) {
  const name = `PAM_${code.toUpperCase()}`;
  test(`${name} is no refusal, in either phase`, () => {
    const account = `${right}account required pam_debug.so acct=${code}\n`;
    const authenticate = `auth required pam_debug.so auth=${code}\naccount required pam_permit.so\n`;
    assert.equal(faultOf(authenticate, 'secret'), name);
    assert.equal(faultOf(account, 'secret'), name);
  });
}

test('a module that is missing is no refusal', () => {
  assert.match(
    faultOf('auth required /no/such/module.so\n', 'secret'),
    /^PAM_(MODULE_UNKNOWN|OPEN_ERR|AUTHINFO_UNAVAIL)$/,
  );
});

test('a code without a name is no refusal', () => {
  const native99 = {
    pamTransaction: () =>
      ({
        code: 'PAM_99',
        stage: 'authenticate',
        messages: [],
        answered: [],
        unanswered: [],
        failDelay: 0,
        user: undefined,
      }) as const,
  };
  const pam = createPam({ native: native99, service: 'login', configDir: undefined, tty: 'pamhook' });
  const question = { username: 'alice', responses: [Secret.fromString('x')], remoteHost: '::1' };
  assert.throws(() => pam.ask(question), { code: 'ERR_PAM_UNAVAILABLE' });
});

test('a denial while the transaction is set up, or of its user, is no refusal', () => {
  for (const stage of ['start', 'items', 'user'] as const) {
    const result = {
      code: 'PAM_PERM_DENIED',
      stage,
      messages: [],
      answered: [],
      unanswered: [],
      failDelay: 0,
      user: undefined,
    };
    const pam = createPam({ native: { pamTransaction: () => result }, service: 'x', configDir: undefined, tty: 'x' });
    const question = { username: 'alice', responses: [Secret.fromString('x')], remoteHost: '::1' };
    assert.throws(() => pam.ask(question), { code: 'ERR_PAM_UNAVAILABLE' });
  }
});

test('the identity is what PAM says at the end, if it can be one', () => {
  const become = (action: string): string => `auth required ${scripted} ${action}\naccount required pam_permit.so\n`;
  const answer = ask(become('become alice@example.com'), 'alice', 'x');
  assert.equal(answer.outcome === 'accepted' && answer.username, 'alice@example.com');
  assert.equal(faultOf(become('become-lines'), 'x'), 'PAM_BAD_ITEM');
  assert.equal(faultOf(become('become-latin1'), 'x'), 'PAM_BAD_ITEM');
});

test("PAM's wish for a delay is given in milliseconds", () => {
  const answer = ask(`auth required ${scripted} delay 4000000\n`, 'alice', 'x');
  assert.ok(answer.detail.failDelay >= 2000 && answer.detail.failDelay <= 6000, `${answer.detail.failDelay}`);
});

test('names and responses that C would cut, and no password, are refused before libpam', () => {
  const unasked = { pamTransaction: () => assert.fail('libpam was asked') };
  const pam = createPam({ native: unasked, service: 'login', configDir: undefined, tty: 'pamhook' });
  const long = 'x'.repeat(512);
  const questions: readonly [string, readonly string[]][] = [
    ['', ['x']],
    ['a\0', ['x']],
    [long, ['x']],
    ['\uD800', ['x']],
    ['alice', []],
    ['alice', ['']],
    ['alice', [long]],
    ['alice', ['x\0']],
    ['alice', ['x', 'y\0']],
    ['alice', Array(65).fill('x')],
  ];
  for (const [username, texts] of questions) {
    const answer = pam.ask({ username, responses: texts.map(Secret.fromString), remoteHost: '::1' });
    assert.deepEqual(answer, {
      outcome: 'refused',
      messages: [],
      detail: { code: 'NOT_ASKED', stage: 'start', failDelay: 0 },
    });
  }
});

test('names and responses of 511 bytes are asked', () => {
  const long = 'ü'.repeat(255).concat('x');
  writeFileSync(passdb, `${long}:${long}:login\n`);
  assert.equal(ask(matrixStack(passdb), long, long).outcome, 'accepted');
});
