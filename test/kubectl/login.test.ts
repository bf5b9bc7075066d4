/** A person logs in, mistypes, is asked for more, waits, is not let in; and scripts do. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { linesOfCommand } from '#src/kubectl/login/given-lines.js';
import { ALICE } from '../daemon/daemon-harness.js';
import { accountCode, pamMatrix } from '../harness/pam-service.js';
import { type Client, setClient, setGuest } from './scene.js';
import { json, startStandIn } from './stand-in.js';

const passwordPrompt = ({ daemon }: Client) => `Password of alice at localhost:${daemon.port}: `;

describe('pamhook login', () => {
  it('says as whom and until when, and the commands after it ask nobody', async (t) => {
    const client = await setGuest(t);
    const alice = client.type(['login', ...client.flags]);
    await alice.sees(passwordPrompt(client));
    alice.types('secret\r');
    const { code, stdout, stderr } = await alice.ended;
    assert.deepEqual([code, stderr], [0, '']);
    const [, until = ''] = /^Logged in to https:\/\/localhost:\d+\/ as alice until (\S+)\n$/.exec(stdout) ?? [];
    assert.ok(Date.parse(until) > Date.now());

    const whoami = await client.run(['whoami', ...client.flags, '--output', 'json']);
    assert.deepEqual(JSON.parse(whoami.stdout), {
      username: 'alice',
      server: `${client.server}/`,
      audience: [],
      expirationTimestamp: until,
    });
    const text = await client.run(['whoami', ...client.flags]);
    assert.equal(text.stdout, `username: alice\nserver: ${client.server}/\nuntil: ${until}\n`);
    const token = await client.run(['token', ...client.flags]);
    const { review } = await client.daemon.review(token.stdout.trim());
    assert.equal(review.status.user?.username, 'alice');

    const logout = await client.run(['logout', ...client.flags]);
    assert.equal(logout.stdout, `Forgot the token of alice at ${client.server}/\n`);
    assert.equal(
      (await client.run(['logout', ...client.flags])).stdout,
      `There was no token of alice at ${client.server}/\n`,
    );
    const after = await client.run(['whoami', ...client.flags]);
    assert.deepEqual([after.code, after.stdout], [1, '']);
    assert.equal(after.stderr, `pamhook whoami: not logged in to ${client.server}/; pamhook login does that\n`);
    assert.deepEqual(readdirSync(client.kept), []);
    assert.equal(client.audited('token.issued'), 1);
  });

  it('makes a new token though one is kept, and refuses to where none would be', async (t) => {
    const client = await setGuest(t);
    const login = (more: readonly string[] = []) =>
      client.run(['login', ...client.flags, '--password-stdin', ...more], { input: 'secret\n' });
    assert.equal((await login()).code, 0);
    assert.equal((await login()).code, 0);
    assert.equal(client.audited('token.issued'), 2);
    const none = await login(['--cache', 'none']);
    assert.deepEqual([none.code, none.stdout], [2, '']);
    assert.match(none.stderr, /nothing would be kept of a login without a cache; choose --cache/);
  });
});

describe('a wrong password', () => {
  it('is asked for again, three times in all', async (t) => {
    const client = await setClient(t);
    const alice = client.type(['token', ...client.flags]);
    for (const password of ['wrong', 'worse', 'worst']) {
      await alice.sees(passwordPrompt(client));
      alice.types(`${password}\r`);
    }
    const { code, stdout, stderr, shown } = await alice.ended;
    assert.deepEqual([code, stdout], [1, '']);
    const again = 'pamhook: wrong user name or password, or one-time code\n';
    const [first, second, last, ...more] = stderr.split(/(?<=\n)/);
    assert.deepEqual([first, second, more], [again, again, []]);
    assert.match(
      last ?? '',
      /^pamhook token: localhost:\d+ does not let alice in: wrong user name or password, .*; see whether/,
    );
    assert.doesNotMatch(shown, /wrong|worse|worst/);
    assert.equal(client.audited('token.refused'), 3);
  });

  it('is followed by the right one', async (t) => {
    const client = await setClient(t);
    const alice = client.type(['token', ...client.flags]);
    await alice.sees(passwordPrompt(client));
    alice.types('wrong\r');
    await alice.sees(passwordPrompt(client));
    alice.types('secret\r');
    const { code, stdout } = await alice.ended;
    assert.equal(code, 0);
    assert.match(stdout, /^[\w-]+\.[\w-]+\.[\w-]+\n$/);
  });

  it('of a script is tried once', async (t) => {
    const client = await setClient(t);
    const { code, stderr } = await client.run(['token', ...client.flags, '--password-stdin'], { input: 'wrong\n' });
    assert.equal(code, 1);
    assert.match(stderr, /does not let alice in: wrong user name or password/);
    assert.equal(client.audited('token.refused'), 1);
  });
});

describe('an account that may not log in', () => {
  it('is told why, and what to do', async (t) => {
    const service = ['auth required MATRIX', accountCode('alice', 'new_authtok_reqd'), 'account required MATRIX'];
    const client = await setClient(t, { service });
    const { code, stderr } = await client.run(['token', ...client.flags, '--password-stdin'], { input: 'secret\n' });
    assert.equal(code, 1);
    assert.match(
      stderr,
      /the password is right, but localhost:\d+ does not let alice in: password expired; change it where/,
    );
  });

  it('is told what the operator has to say of it instead, where there is something', async (t) => {
    const error = {
      error: 'Authentication failure',
      reason: 'password expired',
      help: 'https://id.example.org/\u001b[31mchange',
    };
    const standIn = await startStandIn(t, json(401, error));
    const { stderr } = await standIn.run(['token', ...standIn.flags]);
    assert.match(stderr, /password expired; https:\/\/id\.example\.org\/ \[31mchange\n$/);
  });
});

describe('what PAM asks besides', () => {
  const second = 'one-time';
  const twoPasswords = async (t: Parameters<typeof setClient>[0]) => {
    const client = await setClient(t, { passwords: { alice: 'secret' } });
    const codes = join(client.scene.dir, 'codes');
    writeFileSync(codes, `alice:${second}:pamhook\n`);
    client.scene.service([
      'auth required MATRIX',
      `auth required ${pamMatrix()} passdb=${codes} echo verbose`,
      'account required MATRIX',
    ]);
    return client;
  };

  it('is asked as PAM words it, and sent with the password', async (t) => {
    const client = await twoPasswords(t);
    const alice = client.type(['token', ...client.flags]);
    await alice.sees(passwordPrompt(client));
    alice.types('secret\r');
    await alice.sees('Password: ');
    alice.types(`${second}\r`);
    const { code, stdout, stderr, shown } = await alice.ended;
    assert.equal(code, 0, stderr);
    assert.match(stdout, /^[\w-]+\./);
    assert.ok(!shown.includes('secret'));
  });

  it('takes the next line of a script, and fails with one line where there is none and nobody to ask', async (t) => {
    const client = await twoPasswords(t);
    const token = (input: string) =>
      client.run(['token', ...client.flags, '--password-stdin', '--cache', 'none'], { input });
    assert.equal((await token(`secret\n${second}`)).code, 0);
    const { code, stderr } = await token('secret\n');
    assert.equal(code, 1);
    assert.match(
      stderr,
      /^pamhook token: pamhook also asks "Password:", for which no line was given; give the response/,
    );
  });
});

describe('what PAM says', () => {
  it('reaches the person on standard error, and no terminal obeys it', async (t) => {
    const service = ['auth required MATRIX', 'account required MATRIX'];
    const client = await setClient(t, { service, passwd: [ALICE] });
    const text = join(client.scene.dir, 'text');
    writeFileSync(text, 'Your password expires in 3 days\n\u001b]0;owned\u0007\n');
    client.scene.service([...service, `account optional pam_echo.so file=${text}`]);
    const { code, stdout, stderr } = await client.run(['token', ...client.flags, '--password-stdin'], {
      input: 'secret\n',
    });
    assert.equal(code, 0);
    assert.match(stderr, /^Your password expires in 3 days/);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for.
    assert.doesNotMatch(stderr, /[\u001b\u0007]/);
    assert.match(stdout, /^[\w-]+\.[\w-]+\.[\w-]+\n$/);
  });
});

describe('too many failed logins', () => {
  it('are waited for, and the person is told how long', async (t) => {
    const client = await setClient(t, { daemonFlags: ['-login-free-failures', '1', '-login-max-wait', '3s'] });
    const alice = client.type(['token', ...client.flags]);
    await alice.sees(passwordPrompt(client));
    alice.types('wrong\r');
    await alice.sees(passwordPrompt(client));
    alice.types('wrong\r');
    await alice.sees(passwordPrompt(client));
    alice.types('secret\r');
    const { code, stderr } = await alice.ended;
    assert.equal(code, 0, stderr);
    assert.match(stderr, /^pamhook: too many failed logins; waiting for [1-3] s, Ctrl-C ends that$/m);
  });

  it('for which the wait would be long end it, and say for how long', async (t) => {
    const standIn = await startStandIn(t, json(429, { error: 'Too many failed logins' }, { 'retry-after': '3600' }));
    const { code, stderr } = await standIn.run(['token', ...standIn.flags]);
    assert.equal(code, 1);
    assert.match(stderr, /^pamhook token: too many failed logins; come again in 3600 s;/);
    assert.equal(standIn.requests.length, 1);
  });
});

describe('where nobody is there to ask', () => {
  it('pamhook ends with one line that says what to do, as docs/kubectl.md has it', async (t) => {
    const client = await setGuest(t);
    const page = readFileSync(new URL('../../../docs/kubectl.md', import.meta.url), 'utf8');
    const [, line = ''] = /^```text\n(pamhook credential: .*\n)```$/m.exec(page) ?? [];
    const said = await client.run(['credential', ...client.flags]);
    assert.equal(said.stderr, line.replace('https://pamhook.example.org:6443', client.server));
    for (const command of ['credential', 'token', 'login']) {
      const { code, stdout, stderr } = await client.run([command, ...client.flags]);
      assert.deepEqual([code, stdout], [1, '']);
      assert.match(
        stderr,
        /^pamhook \w+: no token of alice at \S+ is kept, and there is no terminal .*; run pamhook login on one, or give --password-command\n$/,
      );
    }
    assert.equal(client.audited('token.refused'), 0);
  });

  it('--password-command is run by the shell, its first line taken, and nothing of it kept', async (t) => {
    const client = await setGuest(t);
    const token = (command: string) =>
      client.run(['token', ...client.flags, '--cache', 'none', '--password-command', command]);
    assert.equal((await token("printf 'secret\\nmore'; echo said >&2")).stderr, 'said\n');
    assert.match((await token("printf 'secret\\r\\n'")).stdout, /^[\w-]+\./);
    assert.match((await token('exit 3')).stderr, /--password-command ended with 3; run it by itself/);
    assert.match((await token('true')).stderr, /--password-command holds no password/);
    assert.match((await token('head -c 9000 /dev/zero')).stderr, /gives more than 8192 bytes/);
    await assert.rejects(linesOfCommand('sleep 3 & sleep 3', {}, 300), /did not end within 0\.3 s/);
    const variable = await client.run(['token', ...client.flags, '--cache', 'none'], {
      env: { PAMHOOK_PASSWORD_COMMAND: 'echo secret' },
    });
    assert.equal(variable.code, 0);
    const both = await client.run(['token', ...client.flags, '--password-stdin', '--password-command', 'echo secret']);
    assert.deepEqual(
      [both.code, both.stderr],
      [2, 'pamhook token: --password-stdin and --password-command exclude each other\n'],
    );
  });

  it('a password among the arguments is refused, and not repeated', async (t) => {
    const client = await setGuest(t);
    for (const more of [['secret'], ['--password=secret']]) {
      const { code, stderr } = await client.run(['token', ...client.flags, ...more]);
      assert.equal(code, 2);
      assert.ok(!stderr.includes('secret'), stderr);
    }
  });
});
