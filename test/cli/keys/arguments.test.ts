/** What `pamhook keys` refuses, each in one line and with nothing changed; and what list shows. */
import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, readdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { es256, es384, hs256 } from '../../keys/generated-keys.js';
import { DAY, MINUTE, Turning } from './turning.js';

const BAD_ARGUMENTS: Readonly<Record<string, readonly [readonly string[], RegExp]>> = {
  'no action': [[], /keys needs rotate or list/],
  'an unknown action': [['turn'], /'turn'/],
  'an unknown flag': [['rotate', '--ever', '1h'], /'--ever'/],
  'an argument too many': [['rotate', 'now'], /'now'/],
  'a number for a duration': [['rotate', '--publish-for', '5'], /--publish-for: "5" has no unit/],
  'publishing for no time': [
    ['rotate', '--publish-for', '0'],
    /--publish-for must be a duration from 1s to 24h, not "0"/,
  ],
  'a lifetime under a minute': [
    ['rotate', '--max-lifetime', '59s'],
    /--max-lifetime must be a duration from 1m to 8760h/,
  ],
  'a lifetime over a year': [['rotate', '--max-lifetime', '8761h'], /--max-lifetime must be/],
  'a negative duration': [['rotate', '--every=-1h'], /--every/],
  'another type': [['rotate', '--type', 'ed25519'], /--type must be one of ec, rsa, hmac, not "ed25519"/],
  'another output': [['list', '--output', 'yaml'], /--output must be one of text, json, not "yaml"/],
  'a type for list': [['list', '--type', 'ec'], /keys list changes nothing, and takes no --type/],
  'an emergency for list': [['list', '--emergency'], /keys list changes nothing, and takes no --emergency/],
};

const BAD_DIRECTORIES: Readonly<Record<string, readonly [(keys: Turning) => void, RegExp]>> = {
  'a directory that is not there': [
    ({ dir }) => rmSync(dir, { recursive: true }),
    /signing-key\.pem is not there; pamhook init makes one/,
  ],
  'a directory without a signing key': [(keys) => rmSync(keys.path('signing-key.pem')), /is not there/],
  'a directory in which others may write': [({ dir }) => chmodSync(dir, 0o757), /others may write in .*chmod go-w/],
  'a directory in which its group may write': [({ dir }) => chmodSync(dir, 0o775), /others may write in/],
  'a directory of verification keys in which others may write': [
    (keys) => {
      mkdirSync(keys.path('verification'));
      chmodSync(keys.path('verification'), 0o777);
    },
    /others may write in \S+verification /,
  ],
  'a signing key that others may read': [
    (keys) => chmodSync(keys.path('signing-key.pem'), 0o644),
    /is open to others \(mode 0644\); chmod 600/,
  ],
  'a signing key that is a symbolic link': [
    (keys) => {
      renameSync(keys.path('signing-key.pem'), keys.path('real.pem'));
      symlinkSync('real.pem', keys.path('signing-key.pem'));
    },
    /is a symbolic link; work on the files themselves, or on a copy/,
  ],
  'a signing key that is a directory': [
    (keys) => {
      rmSync(keys.path('signing-key.pem'));
      mkdirSync(keys.path('signing-key.pem'));
    },
    /is not a regular file/,
  ],
  'a signing key that is none': [
    (keys) => writeFileSync(keys.path('signing-key.pem'), '-----BEGIN X-----\n'),
    /PEM block "X"/,
  ],
  'a verification key that is none': [
    (keys) => {
      mkdirSync(keys.path('verification'));
      writeFileSync(keys.path('verification', 'a.pem'), '-----BEGIN X-----\n');
    },
    /verification\/a\.pem holds a PEM block "X"/,
  ],
};

const BAD_RECORDS: Readonly<Record<string, string>> = {
  'no JSON': '{',
  'no object': '[]',
  'no keys': '{}',
  'a key that is no object': '{"keys":{"a":1}}',
  'a time that is none': '{"keys":{"a":{"retiredAt":"soon"}}}',
  'a time that is a number': '{"keys":{"a":{"retiredAt":0}}}',
  'more than 64 KiB': `{"keys":{}}${' '.repeat(65_536)}`,
};

function unchanged(keys: Turning): readonly string[] {
  try {
    return readdirSync(keys.dir, { recursive: true, encoding: 'utf8' }).sort();
  } catch {
    return [];
  }
}

describe('pamhook keys', () => {
  for (const [what, [argv, says]] of Object.entries(BAD_ARGUMENTS)) {
    it(`refuses ${what} in one line`, async (t) => {
      const keys = new Turning(t, es256.contents);
      const { code, stdout, stderr } = await keys.keys(...argv);
      assert.deepEqual({ code, stdout }, { code: 2, stdout: '' });
      assert.match(stderr, /^pamhook keys: \P{Cc}+\n$/u);
      assert.match(stderr, says);
      assert.deepEqual(unchanged(keys), ['signing-key.pem']);
    });
  }

  for (const [what, [spoil, says]] of Object.entries(BAD_DIRECTORIES)) {
    it(`refuses ${what} in one line, and changes nothing`, async (t) => {
      const keys = new Turning(t, es256.contents);
      spoil(keys);
      const before = unchanged(keys);
      for (const action of ['rotate', 'list']) {
        const { code, stdout, stderr } = await keys.keys(action);
        assert.deepEqual({ code, stdout }, { code: 2, stdout: '' });
        assert.match(stderr, /^pamhook keys: \P{Cc}+\n$/u);
        assert.match(stderr, says);
      }
      assert.deepEqual(unchanged(keys), before);
    });
  }

  for (const [what, text] of Object.entries(BAD_RECORDS)) {
    it(`refuses a keys.json with ${what}, and says what removing it means`, async (t) => {
      const keys = new Turning(t, es256.contents);
      await keys.rotate();
      keys.now += 400 * DAY;
      writeFileSync(keys.path('keys.json'), text);
      const { code, stderr } = await keys.keys('rotate');
      assert.equal(code, 2);
      assert.match(
        stderr,
        /^pamhook keys: \S+keys\.json is damaged; mend it, or remove it: then the times of all keys count/,
      );
      assert.equal(keys.signing(), es256.parsed.kid);
    });
  }

  it('refuses to work on the keys of another user', {
    skip: process.getuid?.() === 0 ? false : 'needs root',
  }, async (t) => {
    const keys = new Turning(t, es256.contents);
    const { rotate } = await import('#src/cli/keys/rotate.js');
    const times = { publishFor: 1, maxLifetime: 1, every: 1 };
    const options = { ...times, dir: keys.dir, shape: undefined, now: Date.now, uid: 20_001 };
    await assert.rejects(rotate(options), /signing-key\.pem belongs to uid 0/);
    assert.deepEqual(unchanged(keys), ['signing-key.pem']);
  });

  it('prints its usage with --help', async (t) => {
    const keys = new Turning(t, es256.contents);
    for (const argv of [['--help'], ['rotate', '-h'], ['list', '--help']]) {
      const { code, stdout } = await keys.keys(...argv);
      assert.equal(code, 0);
      assert.match(stdout, /^Usage: pamhook keys rotate --dir D \[flags\]\n/);
      for (const line of stdout.split('\n')) assert.ok(line.length <= 100, line);
    }
  });
});

describe('keys list', () => {
  it('shows what each key does, since when, and what happens to it next', async (t) => {
    const keys = new Turning(t, hs256.contents);
    await keys.rotate('--type', 'ec');
    keys.now += 5 * MINUTE;
    await keys.rotate('--type', 'ec');
    keys.now += 10 * MINUTE;
    const [next] = (await keys.rotate('--every', '10m')).kids;
    writeFileSync(keys.path('verification', 'other.pem'), es384.parsed.verification.key);
    const { code, stdout } = await keys.keys('list');
    assert.equal(code, 0);
    const kid = (text: string | undefined) => (text ?? '').padEnd(43);
    assert.deepEqual(stdout.split('\n'), [
      `${kid('KID')}  ALGORITHM  DOES      SINCE                 NEXT STEP                     FILE`,
      `${kid(keys.signing())}  ES256      signs     2026-11-22T00:05:00Z  -                             signing-key.pem`,
      `${kid(next)}  ES256      waits     2026-11-22T00:15:00Z  promote 2026-11-22T00:20:00Z  next/${next}.pem`,
      `${kid(hs256.parsed.kid)}  HS256      verifies  2026-11-22T00:05:00Z  retire 2026-11-23T00:10:30Z   verification/${hs256.parsed.kid}.key`,
      `${kid('-')}  -          not ours  -                     -                             verification/other.pem`,
      '',
    ]);
  });

  it('writes nothing, and says of a directory as init makes it what rotate would do', async (t) => {
    const keys = new Turning(t, es256.contents);
    const { stdout } = await keys.keys('list', '--output', 'json');
    const { kid } = es256.parsed;
    const next = { step: 'publish' };
    const key = { kid, algorithm: 'ES256', does: 'signs', published: false, file: 'signing-key.pem', next };
    assert.deepEqual(JSON.parse(stdout), { keys: [key], foreign: [] });
    assert.match(
      (await keys.keys('list')).stdout,
      /signs, not published {2}unknown {2}publish is due {2}signing-key\.pem\n$/,
    );
    assert.deepEqual(unchanged(keys), ['signing-key.pem']);
  });
});
