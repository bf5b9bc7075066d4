/** Files of tokens: whose they are, who else may touch them, and for what each is good. */
import assert from 'node:assert/strict';
import {
  chmodSync,
  chownSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { entryName, parseEntry } from '#src/kubectl/cache/entry.js';
import { isRoot } from '../daemon/daemon-harness.js';
import { type Client, setGuest } from './scene.js';
import { issued, startStandIn } from './stand-in.js';

const needsRoot = isRoot ? false : 'needs root';

async function loggedIn(t: TestContext): Promise<Client & { file: string; token: () => ReturnType<Client['run']> }> {
  const client = await setGuest(t);
  const { code, stderr } = await client.run(['login', ...client.flags, '--password-stdin'], { input: 'secret\n' });
  assert.equal(code, 0, stderr);
  const [name = ''] = readdirSync(client.kept);
  return { ...client, file: join(client.kept, name), token: () => client.run(['token', ...client.flags]) };
}

describe('a kept token', () => {
  it('is in a file that is closed to others, in a directory that is made so again', async (t) => {
    const { kept, file, token } = await loggedIn(t);
    assert.equal(statSync(file).mode & 0o777, 0o600);
    chmodSync(kept, 0o755);
    assert.equal((await token()).code, 0);
    assert.equal(statSync(kept).mode & 0o777, 0o700);
  });

  it('that others could read is not used, nor one that is cut, or of another server', async (t) => {
    const { file, token } = await loggedIn(t);
    const whole = readFileSync(file, 'utf8');
    chmodSync(file, 0o644);
    assert.equal((await token()).code, 1);
    chmodSync(file, 0o600);
    assert.equal((await token()).code, 0);
    for (const text of [whole.slice(0, -20), whole.replace('localhost', 'elsewhere'), '', 'x'.repeat(70_000)]) {
      writeFileSync(file, text);
      assert.equal((await token()).code, 1, text.slice(0, 100));
    }
  });

  it('is not followed through a link, which login replaces', async (t) => {
    const { file, token, ...client } = await loggedIn(t);
    const elsewhere = join(client.home, 'elsewhere');
    renameSync(file, elsewhere);
    symlinkSync(elsewhere, file);
    const { code, stderr } = await token();
    assert.equal(code, 1);
    assert.match(stderr, /\.json is a symbolic link, so no token is kept there; remove it, or give --cache none/);
    const before = readFileSync(elsewhere, 'utf8');
    assert.equal((await client.run(['login', ...client.flags, '--password-stdin'], { input: 'secret\n' })).code, 0);
    assert.equal(readFileSync(elsewhere, 'utf8'), before);
    assert.equal((await token()).code, 0);
  });

  it('of another user is refused, and so is a directory of his', { skip: needsRoot }, async (t) => {
    const { kept, file, token } = await loggedIn(t);
    chownSync(file, 54321, 54321);
    assert.match((await token()).stderr, /\.json belongs to another user, so no token is kept there/);
    chownSync(file, 0, 0);
    chownSync(kept, 54321, 54321);
    assert.match((await token()).stderr, /pamhook belongs to another user, so no token is kept there/);
  });

  it('is nowhere where the directory is a link', async (t) => {
    const client = await setGuest(t);
    mkdirSync(join(client.home, '.cache'));
    symlinkSync(client.home, client.kept);
    const { code, stderr } = await client.run(['token', ...client.flags, '--password-stdin'], { input: 'secret\n' });
    assert.equal(code, 1);
    assert.match(stderr, /pamhook is no directory, so no token is kept there/);
  });

  it('is nowhere, with a note, where no directory can be made', async (t) => {
    const client = await setGuest(t);
    writeFileSync(join(client.home, '.cache'), '');
    const { code, stdout, stderr } = await client.run(['token', ...client.flags, '--password-stdin'], {
      input: 'secret\n',
    });
    assert.equal(code, 0);
    assert.match(stdout, /^[\w-]+\./);
    assert.match(stderr, /^pamhook: note: no token is kept, since \S+ cannot be written to \((EEXIST|ENOTDIR)\)\n$/);
  });

  it('is nowhere, with a note, where the directory takes no file', {
    skip: isRoot && 'needs an ordinary user',
  }, async (t) => {
    const client = await setGuest(t);
    mkdirSync(client.kept, { recursive: true });
    chmodSync(client.kept, 0o500);
    const { code, stdout, stderr } = await client.run(['token', ...client.flags, '--password-stdin'], {
      input: 'secret\n',
    });
    assert.equal(code, 0);
    assert.match(stdout, /^[\w-]+\./);
    assert.match(stderr, /^pamhook: note: no token is kept, since \S+ cannot be written to \(EACCES\)\n$/);
  });

  it('is under $XDG_CACHE_HOME, unless that is relative', async (t) => {
    const client = await setGuest(t);
    const login = (cache: string) =>
      client.run(['login', ...client.flags, '--password-stdin'], { input: 'secret\n', env: { XDG_CACHE_HOME: cache } });
    const cache = join(client.home, 'elsewhere');
    await login(cache);
    assert.equal(readdirSync(join(cache, 'pamhook')).length, 1);
    await login('relative');
    assert.equal(readdirSync(client.kept).length, 1);
  });

  it('is used while it lives another minute', async (t) => {
    for (const [life, requests] of [
      [70_000, 1],
      [50_000, 2],
    ] as const) {
      const standIn = await startStandIn(t, issued(life));
      const token = () => standIn.run(['token', ...standIn.flags]);
      await token();
      await token();
      assert.equal(standIn.requests.length, requests);
    }
  });

  it('is forgotten by logout, and all are by logout --all', async (t) => {
    const { kept, run, flags } = await loggedIn(t);
    await run(['login', ...flags, '--password-stdin', '--username', 'alice', '--lifetime', '5m'], {
      input: 'secret\n',
    });
    assert.equal(readdirSync(kept).length, 1, 'the lifetime makes no other token of it');
    writeFileSync(join(kept, `${'0'.repeat(64)}.json`), '{}', { mode: 0o600 });
    assert.equal((await run(['logout', '--all'])).stdout, 'Forgot 2 tokens\n');
    assert.deepEqual(readdirSync(kept), []);
    assert.equal((await run(['logout', '--all'])).stdout, 'Forgot 0 tokens\n');
  });

  it('is kept nowhere with --cache none', async (t) => {
    const client = await setGuest(t);
    const token = () =>
      client.run(['token', ...client.flags, '--cache', 'none', '--password-stdin'], { input: 'secret\n' });
    assert.equal((await token()).code, 0);
    assert.equal((await token()).code, 0);
    assert.throws(() => readdirSync(client.kept), /ENOENT/);
    assert.equal(client.audited('token.issued'), 2);
  });
});

describe('entryName()', () => {
  const settings = { server: new URL('https://a/'), ca: 'CA', username: 'alice', audience: ['x', 'y'] };
  const name = (changed: object = {}) => entryName({ ...settings, ...changed });

  it('is another for each server, CA, user and audience, and for nothing else', () => {
    const others = [
      { server: new URL('https://b/') },
      { server: new URL('https://a/path/') },
      { ca: 'other' },
      { ca: undefined },
      { username: 'bob' },
      { audience: ['x'] },
      { audience: ['x,y'] },
      { audience: [] },
    ].map(name);
    assert.equal(new Set([name(), ...others]).size, others.length + 1);
    assert.equal(name({ lifetime: '5m', cache: 'keyring', ca: 'CA\n' }), name());
  });
});

describe('parseEntry()', () => {
  it('takes what was written for the server, and nothing else', () => {
    const kept = { token: 'a.b.c', expirationTimestamp: '2030-01-01T00:00:00Z', username: 'alice', server: 's' };
    assert.deepEqual(parseEntry(JSON.stringify({ ...kept, more: 1 }), 's'), kept);
    for (const wrong of [
      { token: 'a b' },
      { token: 1 },
      { expirationTimestamp: 'soon' },
      { server: 't' },
      { username: null },
    ]) {
      assert.equal(parseEntry(JSON.stringify({ ...kept, ...wrong }), 's'), undefined);
    }
    assert.equal(parseEntry('null', 's'), undefined);
  });
});
