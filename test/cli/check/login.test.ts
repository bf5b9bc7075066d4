/** loginFindings() where PAM's part is played: refusals that a real service cannot be made to give, and that secrets are wiped. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Setup } from '#src/cli/check/finding.js';
import { loginFindings } from '#src/cli/check/login.js';
import type { Responses } from '#src/cli/check/responses.js';
import { MAX_RESPONSES } from '#src/native/arguments.js';
import type { Native, PamTransactionResult } from '#src/native/native.js';
import { Secret } from '#src/secret.js';

const RESULT: PamTransactionResult = {
  code: 'PAM_SUCCESS',
  stage: 'account',
  messages: [],
  answered: [],
  unanswered: [],
  failDelay: 0,
  user: 'alice',
};
const CODE = { text: 'Code: ', echo: false };

function setup(result: PamTransactionResult, more: { isRoot?: boolean; groups?: string[]; pamTimeout?: number } = {}) {
  const { isRoot = true, groups = ['alice'], pamTimeout = 30_000 } = more;
  let transactions = 0;
  const native = {
    pamTransaction: () => {
      transactions++;
      return result;
    },
    lookupUser: async (name: string) => ({ name, uid: 20_001, gid: 20_001 }),
    groupsOf: async () => ({ names: groups, nameless: [] }),
  } as unknown as Native;
  const open = { allowGroups: [], minUid: 0, usernamePrefix: '', groupsPrefix: '', groupsFilter: ['*'] };
  const settings = {
    pamServiceName: 'pamhook',
    pamConfigDir: undefined,
    pamTimeout,
    ...open,
  } as unknown as Setup['settings'];
  return { setup: { settings, native, isRoot } as Setup, transactions: () => transactions };
}

const given = (password = 'secret', further?: Responses['further']): Responses => ({
  first: () => [Secret.fromString(password)],
  further: further ?? (() => undefined),
});

test('a reserved name that PAM ends with is refused, and reserved groups are not shown', async () => {
  const reserved = await loginFindings('alice', given(), setup({ ...RESULT, user: 'system:admin' }).setup);
  assert.match(reserved.findings[0]?.says ?? '', /a token is refused to "system:admin": reserved name/);
  const grouped = await loginFindings('alice', given(), setup(RESULT, { groups: ['alice', 'system:masters'] }).setup);
  assert.deepEqual(grouped.report?.identity?.groups, ['alice']);
});

test('a code that is no refusal says that PAM could not tell, and to others than root that root could', async () => {
  const result: PamTransactionResult = {
    ...RESULT,
    code: 'PAM_AUTHINFO_UNAVAIL',
    stage: 'authenticate',
    user: undefined,
  };
  const [asRoot] = (await loginFindings('alice', given(), setup(result).setup)).findings;
  assert.match(asRoot?.says ?? '', /could not tell .*PAM_AUTHINFO_UNAVAIL/);
  const [asOther] = (await loginFindings('alice', given(), setup(result, { isRoot: false }).setup)).findings;
  assert.match(asOther?.cure ?? '', /as root/);
});

test('a transaction that took longer than pam-timeout is a fault, though it passed', async () => {
  const { findings } = await loginFindings('alice', given(), setup(RESULT, { pamTimeout: -1 }).setup);
  assert.deepEqual(
    findings.map(({ level }) => level),
    ['ok', 'fault'],
  );
  assert.match(findings[1]?.says ?? '', /pam-timeout/);
});

test('a module that never has enough is asked at most as often as PAM takes responses, and all of them are wiped', async () => {
  const secrets: Secret[] = [];
  const asking: PamTransactionResult = {
    ...RESULT,
    code: 'PAM_CONV_ERR',
    stage: 'authenticate',
    unanswered: [CODE],
    user: undefined,
  };
  const { setup: around, transactions } = setup(asking);
  const responses = given('secret', () => {
    const secret = Secret.fromString('123456');
    secrets.push(secret);
    return [secret];
  });
  await loginFindings('alice', responses, around);
  assert.deepEqual([transactions(), secrets.length], [MAX_RESPONSES, MAX_RESPONSES]);
  assert.ok(secrets.every((secret) => secret.bytes().every((byte) => byte === 0)));
});

test('the password is wiped also when the transaction throws', async () => {
  const secret = Secret.fromString('secret');
  const { setup: around } = setup(RESULT);
  const native = {
    pamTransaction: () => {
      throw new Error('broken');
    },
  } as unknown as Native;
  const responses: Responses = { first: () => [secret], further: () => undefined };
  await assert.rejects(loginFindings('alice', responses, { ...around, native }), /broken/);
  assert.ok(secret.bytes().every((byte) => byte === 0));
});
