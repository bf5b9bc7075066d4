/** `pamhook keys rotate` with real keys in real files, by a clock that the test turns. */
import assert from 'node:assert/strict';
import { chmodSync, existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { parseSigningKey } from '#src/keys/key-material.js';
import { es256, es384, hs256, newSecret, rs256 } from '../../keys/generated-keys.js';
import { DAY, HOUR, LEEWAY, MINUTE, SECOND, Turning } from './turning.js';

const PUBLISH = 5 * MINUTE;
const RETIRE = PUBLISH + DAY + LEEWAY;
const modeOf = (path: string) => (statSync(path).mode & 0o777).toString(8);

describe('keys rotate', () => {
  for (const key of [es256, es384, rs256, hs256]) {
    it(`lets a token signed before verify through all steps until its end: ${key.algorithm}`, async (t) => {
      const keys = new Turning(t, key.contents);
      const { signing: old, verifies } = {
        signing: keys.signing(),
        verifies: (token: string) => keys.daemon().verifies(token),
      };
      assert.deepEqual((await keys.rotate()).done, ['adopted', 'published']);
      const early = keys.daemon().sign(DAY);
      keys.now += PUBLISH - 1;
      assert.deepEqual((await keys.rotate()).done, []);
      assert.equal(keys.signing(), old);
      keys.now += 1;
      assert.deepEqual((await keys.rotate()).done, ['promoted']);
      assert.notEqual(keys.signing(), old);
      assert.equal(parseSigningKey(readFileSync(keys.path('signing-key.pem')), 'key').algorithm, key.algorithm);
      assert.ok(verifies(early));
      keys.now += RETIRE - 1;
      const late = keys.daemon().sign(DAY);
      assert.deepEqual((await keys.rotate()).done, []);
      assert.ok(verifies(early));
      keys.now += 1;
      assert.deepEqual((await keys.rotate()).done, ['retired']);
      assert.ok(!verifies(early));
      assert.ok(verifies(late));
      assert.deepEqual(keys.daemon().verification, [keys.signing()]);
    });
  }

  it('has published a key before it signs, for as long as was asked', async (t) => {
    const keys = new Turning(t, es256.contents);
    await keys.rotate('--publish-for', '1h');
    const [next = ''] = readdirSync(keys.path('next')).map((name) => name.replace('.pem', ''));
    assert.notEqual(next, keys.signing());
    assert.ok(keys.daemon().verification.includes(next));
    keys.now += HOUR - SECOND;
    await keys.rotate('--publish-for', '1h');
    assert.notEqual(next, keys.signing());
    keys.now += SECOND;
    await keys.rotate('--publish-for', '1h');
    assert.equal(next, keys.signing());
  });

  it('changes nothing when it is called again, however often', async (t) => {
    const keys = new Turning(t, es256.contents);
    await keys.rotate();
    const before = snapshot(keys);
    for (let call = 0; call < 3; call++) assert.deepEqual((await keys.rotate()).done, []);
    assert.deepEqual(snapshot(keys), before);
  });

  it('says when to call it again, and has a step to do then', async (t) => {
    const keys = new Turning(t, es256.contents);
    const seen: string[][] = [];
    for (let call = 0; call < 6; call++) {
      const { done, toCome } = await keys.rotate();
      seen.push(done);
      keys.now = Date.parse(toCome[0]?.at ?? '');
    }
    const turn = [['promoted'], ['retired'], ['published']];
    assert.deepEqual(seen, [['adopted', 'published'], ...turn, ...turn.slice(0, 2)]);
  });

  it('begins the next rotation when a key has signed for --every, and not before', async (t) => {
    const keys = new Turning(t, es256.contents);
    await keys.rotate();
    keys.now += PUBLISH;
    await keys.rotate();
    keys.now += 48 * HOUR - 1;
    assert.ok(!(await keys.rotate('--every', '48h')).done.includes('published'));
    keys.now += 1;
    assert.deepEqual((await keys.rotate('--every', '48h')).done, ['published']);
  });

  it('does all that is due in one call, after a long pause too', async (t) => {
    const keys = new Turning(t, es256.contents);
    await keys.rotate();
    keys.now += PUBLISH;
    await keys.rotate();
    keys.now += 60 * DAY;
    assert.deepEqual((await keys.rotate()).done, ['retired', 'published']);
  });

  it('turns several keys within the life of one token, and all of them verify', async (t) => {
    const keys = new Turning(t, es256.contents);
    const tokens: string[] = [];
    for (let turn = 0; turn < 5; turn++) {
      await keys.rotate('--every', '0', '--publish-for', '1s');
      tokens.push(keys.daemon().sign(DAY));
      keys.now += SECOND;
    }
    assert.equal(new Set(tokens.map((token) => JSON.parse(atob(token.split('.')[0] ?? '')).kid)).size, 5);
    assert.ok(tokens.every((token) => keys.daemon().verifies(token)));
  });

  it('never has more keys than a daemon takes, and goes on when one is gone', async (t) => {
    const keys = new Turning(t, es256.contents);
    for (let turn = 0; turn < 20; turn++) {
      await keys.rotate('--every', '0', '--publish-for', '1s');
      keys.now += SECOND;
    }
    assert.equal(keys.daemon().verification.length, 16);
    assert.match(
      (await keys.keys('rotate', '--every', '0', '--publish-for', '1s')).stdout,
      /no new key: a daemon takes 16/,
    );
    keys.now += RETIRE;
    assert.ok((await keys.rotate('--every', '0', '--publish-for', '1s')).done.includes('published'));
  });

  it('changes to another type of key with --type', async (t) => {
    const keys = new Turning(t, newSecret());
    await keys.rotate('--type', 'ec');
    const token = keys.daemon().sign(HOUR);
    keys.now += PUBLISH;
    await keys.rotate('--type', 'ec');
    assert.equal(parseSigningKey(readFileSync(keys.path('signing-key.pem')), 'key').algorithm, 'ES256');
    assert.ok(keys.daemon().verifies(token));
  });

  it('writes private halves and secrets 0600, public halves 0644', async (t) => {
    for (const [key, mode] of [
      [es256, '644'],
      [hs256, '600'],
    ] as const) {
      const keys = new Turning(t, key.contents);
      const before = process.umask(0o077);
      try {
        await keys.rotate();
      } finally {
        process.umask(before);
      }
      const [next = ''] = readdirSync(keys.path('next'));
      assert.equal(modeOf(keys.path('next', next)), '600');
      for (const name of readdirSync(keys.path('verification')))
        assert.equal(modeOf(keys.path('verification', name)), mode);
      assert.deepEqual([modeOf(keys.path('next')), modeOf(keys.path('verification'))], ['700', '755']);
      assert.equal(modeOf(keys.path('keys.json')), '644');
      keys.now += PUBLISH;
      await keys.rotate();
      assert.equal(modeOf(keys.path('signing-key.pem')), '600');
    }
  });

  it('lets a group read the new key that was let read the old one', async (t) => {
    const keys = new Turning(t, es256.contents);
    chmodSync(keys.path('signing-key.pem'), 0o640);
    await keys.rotate();
    keys.now += PUBLISH;
    await keys.rotate();
    assert.equal(modeOf(keys.path('signing-key.pem')), '640');
  });

  it('gives new keys to the owner of the old one', {
    skip: process.getuid?.() === 0 ? false : 'needs root',
  }, async (t) => {
    const { chownSync } = await import('node:fs');
    const keys = new Turning(t, hs256.contents);
    chownSync(keys.path('signing-key.pem'), 20001, 20002);
    await keys.rotate();
    keys.now += PUBLISH;
    await keys.rotate();
    for (const path of [keys.path('signing-key.pem'), keys.path('verification', `${keys.signing()}.key`)]) {
      const { uid, gid } = statSync(path);
      assert.deepEqual([uid, gid], [20001, 20002]);
    }
  });

  it('leaves no private half behind but in signing-key.pem and next, and nothing hidden', async (t) => {
    const keys = new Turning(t, es256.contents);
    await keys.rotate();
    keys.now += PUBLISH;
    await keys.rotate();
    const files = readdirSync(keys.dir, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
    const secret = files.filter(({ parentPath, name }) =>
      readFileSync(`${parentPath}/${name}`, 'utf8').includes('PRIVATE'),
    );
    assert.deepEqual(
      secret.map(({ name }) => name),
      ['signing-key.pem'],
    );
    assert.deepEqual(
      files.filter(({ name }) => name.startsWith('.')),
      [],
    );
  });

  it('leaves alone, and names, verification keys that it did not name', async (t) => {
    const keys = new Turning(t, es256.contents);
    await keys.rotate();
    writeFileSync(keys.path('verification', 'other-daemon.pem'), es384.parsed.verification.key);
    keys.now += 2 * RETIRE;
    await keys.rotate();
    keys.now += 2 * RETIRE;
    const { stdout } = await keys.keys('rotate');
    assert.match(stdout, /left alone \S+other-daemon\.pem/);
    assert.ok(keys.daemon().verification.includes(es384.parsed.kid));
  });
});

describe('keys rotate --emergency', () => {
  it('signs with a fresh key at once, and no earlier token verifies any more', async (t) => {
    for (const key of [es256, hs256]) {
      const keys = new Turning(t, key.contents);
      await keys.rotate();
      keys.now += PUBLISH;
      await keys.rotate();
      const token = keys.daemon().sign(HOUR);
      await keys.rotate('--every', '0');
      const known = new Set([...keys.daemon().verification, keys.signing()]);
      const { done } = await keys.rotate('--emergency');
      assert.deepEqual(done, ['promoted', 'dropped', 'dropped', 'dropped']);
      assert.ok(!known.has(keys.signing()));
      assert.deepEqual(keys.daemon().verification, [keys.signing()]);
      assert.deepEqual(readdirSync(keys.path('next')), []);
      assert.ok(!keys.daemon().verifies(token));
      assert.ok(keys.daemon().verifies(keys.daemon().sign(HOUR)));
    }
  });

  it('works on a directory that was never turned, and a rotation follows as ever', async (t) => {
    const keys = new Turning(t, es256.contents);
    await keys.rotate('--emergency');
    assert.notEqual(keys.signing(), es256.parsed.kid);
    assert.deepEqual((await keys.rotate()).done, []);
    keys.now += 30 * DAY;
    assert.deepEqual((await keys.rotate()).done, ['published']);
  });

  it('names what it left alone', async (t) => {
    const keys = new Turning(t, es256.contents);
    await keys.rotate();
    writeFileSync(keys.path('verification', 'other.pem'), es384.parsed.verification.key);
    assert.match((await keys.keys('rotate', '--emergency')).stdout, /left alone \S+other\.pem/);
    assert.ok(existsSync(keys.path('verification', 'other.pem')));
  });
});

describe('what is lost or broken off', () => {
  it('starts the waiting anew when keys.json is gone: never too early', async (t) => {
    const keys = new Turning(t, es256.contents);
    await keys.rotate();
    keys.now += PUBLISH - SECOND;
    rmSync(keys.path('keys.json'));
    await keys.rotate();
    keys.now += PUBLISH - 1;
    assert.deepEqual((await keys.rotate()).done, []);
    keys.now += 1;
    assert.deepEqual((await keys.rotate()).done, ['promoted']);
    keys.now += RETIRE - SECOND;
    rmSync(keys.path('keys.json'));
    await keys.rotate();
    assert.ok(keys.daemon().verification.includes(es256.parsed.kid));
    keys.now += RETIRE;
    assert.ok((await keys.rotate()).done.includes('retired'));
  });

  it('publishes anew, and waits, when the half of the next key was taken away', async (t) => {
    const keys = new Turning(t, es256.contents);
    const next = (await keys.rotate()).kids[1];
    keys.now += PUBLISH;
    rmSync(keys.path('verification', `${next}.pem`));
    assert.deepEqual((await keys.rotate()).done, ['adopted']);
    keys.now += PUBLISH - 1;
    assert.deepEqual((await keys.rotate()).done, []);
    keys.now += 1;
    assert.deepEqual((await keys.rotate()).done, ['promoted']);
  });

  it('waits too when the half of the key that signs was taken away: tokens of it are about', async (t) => {
    const keys = new Turning(t, es256.contents);
    await keys.rotate();
    keys.now += PUBLISH;
    rmSync(keys.path('verification', `${es256.parsed.kid}.pem`));
    assert.deepEqual((await keys.rotate()).done, ['adopted']);
    assert.equal(keys.signing(), es256.parsed.kid);
    keys.now += PUBLISH;
    assert.deepEqual((await keys.rotate()).done, ['promoted']);
  });

  it('ends in the same state wherever publishing was broken off', async (t) => {
    for (const lost of [['next'], ['keys.json'], ['next', 'keys.json']]) {
      const keys = new Turning(t, es256.contents);
      await keys.rotate();
      for (const name of lost) rmSync(keys.path(name), { recursive: true });
      await keys.rotate();
      keys.now += PUBLISH;
      await keys.rotate();
      assert.notEqual(keys.signing(), es256.parsed.kid, String(lost));
      keys.now += RETIRE;
      await keys.rotate();
      assert.deepEqual(keys.daemon().verification, [keys.signing()], String(lost));
    }
  });

  it('retires the old key late rather than early when promoting was broken off before it was recorded', async (t) => {
    const keys = new Turning(t, es256.contents);
    await keys.rotate();
    const record = readFileSync(keys.path('keys.json'));
    keys.now += PUBLISH;
    await keys.rotate();
    writeFileSync(keys.path('keys.json'), record);
    keys.now += HOUR;
    await keys.rotate();
    keys.now += RETIRE - 1;
    assert.ok(!(await keys.rotate()).done.includes('retired'));
    keys.now += 1;
    assert.ok((await keys.rotate()).done.includes('retired'));
  });

  it('counts from now what the record dates ahead of the clock', async (t) => {
    const keys = new Turning(t, es256.contents);
    keys.now += 365 * DAY;
    await keys.rotate();
    keys.now -= 365 * DAY;
    await keys.rotate();
    keys.now += PUBLISH;
    assert.deepEqual((await keys.rotate()).done, ['promoted']);
  });

  it('takes a signing key that was put there by hand for the one that signs, and retires the other', async (t) => {
    const keys = new Turning(t, es256.contents);
    await keys.rotate();
    writeFileSync(keys.path('signing-key.pem'), es384.contents);
    await keys.rotate();
    assert.ok(keys.daemon().verification.includes(es384.parsed.kid));
    keys.now += RETIRE;
    await keys.rotate();
    assert.ok(!keys.daemon().verification.includes(es256.parsed.kid));
  });

  it('removes halves of keys that a killed run left under hidden names', async (t) => {
    const keys = new Turning(t, es256.contents);
    await keys.rotate();
    const left = ['next', 'verification'].map((name) => keys.path(name, '.x.pem.0123456789ab'));
    for (const path of left) writeFileSync(path, 'x');
    await keys.rotate();
    assert.deepEqual(left.filter(existsSync), []);
  });
});

function snapshot(keys: Turning): readonly (readonly [string, string, number])[] {
  const names = readdirSync(keys.dir, { recursive: true, encoding: 'utf8' }).sort();
  const files = names.filter((name) => statSync(keys.path(name)).isFile());
  return files.map((name) => [name, readFileSync(keys.path(name), 'hex'), statSync(keys.path(name)).mtimeMs]);
}
