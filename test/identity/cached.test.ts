/** The memory in front of an identity source: what it keeps, for how long, and what it never keeps. */
import assert from 'node:assert/strict';
import { describe, it, test } from 'node:test';
import { UnavailableError } from '#src/errors.js';
import { cacheIdentities, type IdentityCacheSettings, type Vanished } from '#src/identity/cached.js';
import type { Identity, IdentitySource } from '#src/identity/identity.js';

interface Fixture {
  readonly identities: IdentitySource;
  /** Names asked for, in order. */
  readonly asked: string[];
  readonly warnings: string[];
  readonly vanished: Vanished[];
  /** What the source says next. */
  answer: (username: string) => Promise<Identity | undefined>;
  now: number;
}

const identity = (username: string, groups: readonly string[] = []): Identity => ({ username, uid: '1', groups });
const failure = new UnavailableError('ERR_NSS_FAILED', 'down');

function fixture(settings: Partial<IdentityCacheSettings> = {}): Fixture {
  const asked: string[] = [];
  const warnings: string[] = [];
  const vanished: Vanished[] = [];
  const source: IdentitySource = {
    find(username) {
      asked.push(username);
      return made.answer(username);
    },
  };
  const log = { error() {}, warn: (message: string) => warnings.push(message), info() {}, verbose() {} };
  const now = (): number => made.now;
  const identities = cacheIdentities(source, {
    ttl: 10_000,
    staleFor: 60_000,
    now,
    pause: async () => {},
    onVanished: (seen) => vanished.push(seen),
    log,
    ...settings,
  });
  const made: Fixture = {
    identities,
    asked,
    warnings,
    vanished,
    answer: (name) => Promise.resolve(identity(name)),
    now: 1_000_000,
  };
  return made;
}

test('a found identity serves until it is ttl old, then it is asked for again', async () => {
  const f = fixture();
  await f.identities.find('alice');
  f.now += 9999;
  await f.identities.find('alice');
  assert.equal(f.asked.length, 1);
  f.now += 1;
  await f.identities.find('alice');
  assert.equal(f.asked.length, 2);
});

test('an identity that is asked for again is the same object for as long as it says the same', async () => {
  const f = fixture({ ttl: 0 });
  let found: Identity = identity('alice', ['a', 'b']);
  f.answer = () => Promise.resolve(structuredClone(found));
  const first = await f.identities.find('alice');
  assert.equal(await f.identities.find('alice'), first);
  const others: Identity[] = [{ ...found, uid: '2' }, identity('alice', ['b', 'a']), { ...found, incomplete: true }];
  for (const other of others) {
    f.now += 60_000;
    found = other;
    assert.deepEqual(await f.identities.find('alice'), other);
  }
});

test('an answer is as old as its question', async () => {
  const f = fixture();
  f.answer = (name) => {
    f.now += 9000;
    return Promise.resolve(identity(name));
  };
  await f.identities.find('alice');
  f.now += 1000;
  await f.identities.find('alice');
  assert.equal(f.asked.length, 2);
});

test('a miss is not kept', async () => {
  const f = fixture();
  f.answer = () => Promise.resolve(undefined);
  assert.equal(await f.identities.find('alice'), undefined);
  f.answer = (name) => Promise.resolve(identity(name));
  assert.equal((await f.identities.find('alice'))?.username, 'alice');
});

test('a miss drops what was known: a deleted account does not come back when the database fails', async () => {
  const f = fixture();
  await f.identities.find('alice');
  f.now += 10_000;
  f.answer = () => Promise.resolve(undefined);
  assert.equal(await f.identities.find('alice'), undefined);
  f.answer = () => Promise.reject(failure);
  await assert.rejects(f.identities.find('alice'), failure);
});

describe('a user known a moment ago who is not found', () => {
  /** Known, and asked for again when the cache has ended; `answers` come one after the other. */
  async function vanishing(f: Fixture, answers: readonly (Identity | undefined | Error)[]) {
    await f.identities.find('alice');
    f.now += 10_000;
    const left = [...answers];
    f.answer = async () => {
      const next = left.shift();
      if (next instanceof Error) throw next;
      return next;
    };
    return f.identities.find('alice');
  }

  it('is looked for again after a pause, and is none when not found again', async () => {
    const pauses: number[] = [];
    const f = fixture({ pause: async (milliseconds) => pauses.push(milliseconds) });
    assert.equal(await vanishing(f, [undefined, undefined]), undefined);
    assert.deepEqual(pauses, [500]);
    assert.equal(f.asked.length, 3);
    assert.deepEqual(f.vanished, [{ username: 'alice', again: 'not found' }]);
  });

  it('is told of once: who has been gone is not looked for twice', async () => {
    const f = fixture();
    await vanishing(f, [undefined, undefined, undefined]);
    assert.equal(await f.identities.find('alice'), undefined);
    assert.equal(f.asked.length, 4);
    assert.equal(f.vanished.length, 1);
  });

  it('is served when found again', async () => {
    const f = fixture();
    assert.deepEqual((await vanishing(f, [undefined, identity('alice', ['new'])]))?.groups, ['new']);
    assert.deepEqual(f.vanished, [{ username: 'alice', again: 'found' }]);
  });

  it('is served from memory when the second look fails', async () => {
    const f = fixture();
    assert.equal((await vanishing(f, [undefined, failure]))?.username, 'alice');
    assert.deepEqual(f.vanished, [{ username: 'alice', again: 'failed' }]);
  });

  it('is believed at once when that was longer than staleFor ago', async () => {
    const f = fixture({ staleFor: 10_000 });
    assert.equal(await vanishing(f, [undefined]), undefined);
    assert.equal(f.asked.length, 2);
    assert.deepEqual(f.vanished, []);
  });
});

describe('an identity that lacks groups of a service that could not be asked', () => {
  const part: Identity = { ...identity('alice', ['local']), incomplete: true };

  it('gives way to a whole one as long as that may serve, and is never taken for it', async () => {
    const f = fixture();
    f.answer = () => Promise.resolve(identity('alice', ['local', 'ldap']));
    await f.identities.find('alice');
    f.answer = () => Promise.resolve(part);
    f.now += 59_999;
    assert.deepEqual((await f.identities.find('alice'))?.groups, ['local', 'ldap']);
    f.now += 1;
    assert.deepEqual(await f.identities.find('alice'), part);
  });

  it('serves until a whole one is there', async () => {
    const f = fixture();
    f.answer = () => Promise.resolve(part);
    assert.deepEqual(await f.identities.find('alice'), part);
    f.now += 10_000;
    f.answer = () => Promise.resolve(identity('alice', ['local', 'ldap']));
    assert.deepEqual((await f.identities.find('alice'))?.groups, ['local', 'ldap']);
  });

  it('of an account made again under another uid does not give way', async () => {
    const f = fixture();
    await f.identities.find('alice');
    f.now += 10_000;
    f.answer = () => Promise.resolve({ ...part, uid: '2' });
    assert.equal((await f.identities.find('alice'))?.uid, '2');
  });
});

test('a failure is not kept', async () => {
  const f = fixture();
  f.answer = () => Promise.reject(failure);
  await assert.rejects(f.identities.find('alice'), failure);
  f.answer = (name) => Promise.resolve(identity(name));
  assert.equal((await f.identities.find('alice'))?.username, 'alice');
});

test('while the source fails an answer serves until it is staleFor old, with one warning', async () => {
  const f = fixture();
  await f.identities.find('alice');
  f.answer = () => Promise.reject(failure);
  f.now += 59_999;
  assert.equal((await f.identities.find('alice'))?.username, 'alice');
  assert.equal((await f.identities.find('alice'))?.username, 'alice');
  assert.equal(f.warnings.length, 1);
  assert.equal(f.asked.length, 3);
  f.now += 1;
  await assert.rejects(f.identities.find('alice'), failure);
});

test('staleFor 0 serves nothing while the source fails', async () => {
  const f = fixture({ staleFor: 0 });
  await f.identities.find('alice');
  f.now += 10_000;
  f.answer = () => Promise.reject(failure);
  await assert.rejects(f.identities.find('alice'), failure);
});

test('a database that fails for some and answers others makes one warning, and a line when it is over', async () => {
  const lines: string[] = [];
  const note = (message: string) => lines.push(message);
  const f = fixture({ ttl: 0, staleFor: 0, log: { error: note, warn: note, info: note, verbose() {} } });
  const both = async () => {
    f.answer = (name) => (name === 'bad' ? Promise.reject(failure) : Promise.resolve(identity(name)));
    await assert.rejects(f.identities.find('bad'), failure);
    await f.identities.find('good');
  };
  for (let count = 0; count < 3; count += 1) await both();
  f.now += 59_999;
  await f.identities.find('good');
  assert.deepEqual(lines, ['the user database fails; recent answers serve where there are any']);
  f.now += 1;
  await f.identities.find('good');
  await f.identities.find('good');
  assert.deepEqual(lines.slice(1), ['the user database has not failed for a minute']);
  await both();
  assert.equal(lines.length, 3);
});

test('a clock that was set back makes an answer of unknown age, which does not serve', async () => {
  const f = fixture();
  await f.identities.find('alice');
  f.now -= 1;
  await f.identities.find('alice');
  assert.equal(f.asked.length, 2);
});

test('simultaneous questions about one user are one lookup, about two users two', async () => {
  const f = fixture({ ttl: 0 });
  await Promise.all(['alice', 'alice', 'bob', 'alice'].map((name) => f.identities.find(name)));
  assert.deepEqual(f.asked, ['alice', 'bob']);
});

test('ttl 0 asks each time, but one question at a time', async () => {
  const f = fixture({ ttl: 0 });
  await f.identities.find('alice');
  await f.identities.find('alice');
  assert.equal(f.asked.length, 2);
});

test('a source that throws at once is asked again the next time', async () => {
  const f = fixture();
  f.answer = () => {
    throw failure;
  };
  await assert.rejects(f.identities.find('alice'), failure);
  f.answer = (name) => Promise.resolve(identity(name));
  assert.equal((await f.identities.find('alice'))?.username, 'alice');
});

test('a slow lookup is the only one of its user, so that it cannot overwrite a newer answer', async () => {
  const f = fixture();
  const { promise, resolve } = deferred<Identity>();
  f.answer = () => promise;
  const slow = f.identities.find('alice');
  f.now += 100_000;
  const late = f.identities.find('alice');
  assert.equal(f.asked.length, 1);
  resolve(identity('alice', ['old']));
  await Promise.all([slow, late]);
  f.answer = () => Promise.resolve(identity('alice', ['new']));
  assert.deepEqual((await f.identities.find('alice'))?.groups, ['new']);
});

test('no more than maxEntries are kept, the least recently used goes first', async () => {
  const f = fixture({ maxEntries: 2 });
  for (const name of ['a', 'b', 'a', 'c', 'a']) await f.identities.find(name);
  assert.deepEqual(f.asked, ['a', 'b', 'c']);
  await f.identities.find('b');
  assert.equal(f.asked.length, 4);
});

test('no more than 200,000 group names are kept in all', async () => {
  const f = fixture();
  const groups = Array.from({ length: 60_000 }, (_, i) => `g${i}`);
  f.answer = (name) => Promise.resolve(identity(name, groups));
  for (const name of ['a', 'b', 'c', 'd']) await f.identities.find(name);
  await f.identities.find('d');
  assert.equal(f.asked.length, 4);
  await f.identities.find('a');
  assert.equal(f.asked.length, 5);
});

function deferred<T>(): { promise: Promise<T>; resolve: (value: T) => void } {
  let resolve: (value: T) => void = () => undefined;
  const promise = new Promise<T>((fulfil) => {
    resolve = fulfil;
  });
  return { promise, resolve };
}
