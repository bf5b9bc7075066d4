/** Many commands at once, of which one asks; and holders of the lock that fail, die or stand still. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readdirSync, readlinkSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { withLock } from '#src/kubectl/cache/lock.js';
import { MAIN, until } from '../daemon/daemon-harness.js';
import { scratchDirectory } from '../harness/scratch.js';
import { setClient } from './scene.js';

const TIMES = { wait: 5_000, stale: 300, beat: 50, poll: 10, tell: 400 };
const place = () => `${hostname()} ${readlinkSync('/proc/self/ns/pid')}`;

/** Twenty credential plugins on one terminal, as xargs would start them. */
const TWENTY = `for i in $(seq 20); do "$@" > "$OUT/$i" 2> "$OUT/$i.err" & done; wait`;

describe('twenty commands at once', () => {
  it('ask for one password, and all get the token', { timeout: 120_000 }, async (t) => {
    const client = await setClient(t);
    const out = join(client.home, 'out');
    mkdirSync(out);
    const command = ['bash', '-c', TWENTY, 'bash', process.execPath, MAIN, 'token', ...client.flags];
    const { atTerminal } = await import('./terminal.js');
    const person = atTerminal(t, command, { env: { ...client.env, OUT: out } });
    await person.sees('Password of alice');
    // All of them have come to the lock.
    await until(() => readdirSync(out).length === 40);
    await delay(500);
    person.types('secret\r');
    const { shown } = await person.ended;
    assert.equal(shown.split('Password of alice').length, 2, shown);
    const { readFileSync } = await import('node:fs');
    const tokens = new Set(Array.from({ length: 20 }, (_, at) => readFileSync(join(out, `${at + 1}`), 'utf8')));
    const [token = ''] = tokens;
    assert.equal(
      tokens.size,
      1,
      Array.from({ length: 20 }, (_, at) => readFileSync(join(out, `${at + 1}.err`), 'utf8')).join(''),
    );
    assert.match(token, /^[\w-]+\.[\w-]+\.[\w-]+\n$/);
    assert.equal(client.audited('token.issued'), 1);
    assert.deepEqual(
      readdirSync(client.kept).filter((file) => !file.endsWith('.json')),
      [],
    );
  });
});

describe('withLock()', () => {
  const at = (directory: string) => ({ directory, name: 'one' });
  const never = async () => undefined;

  it('does the work once for many, who get what it gave', async (t) => {
    const directory = scratchDirectory(t);
    let works = 0;
    let value: string | undefined;
    const ready = async () => value;
    const work = async () => {
      works += 1;
      await delay(100);
      value = 'token';
      return value;
    };
    const all = await Promise.all(Array.from({ length: 20 }, () => withLock(at(directory), ready, work, TIMES)));
    assert.deepEqual([works, new Set(all)], [1, new Set(['token'])]);
    assert.deepEqual(readdirSync(directory), []);
  });

  it('fails for those who waited when it fails, and is tried by whoever comes then', async (t) => {
    const directory = scratchDirectory(t);
    let works = 0;
    const fail = async () => {
      works += 1;
      await delay(200);
      throw new Error('given up');
    };
    const all = await Promise.allSettled(Array.from({ length: 5 }, () => withLock(at(directory), never, fail, TIMES)));
    const reasons = all.map((each) => (each.status === 'rejected' ? each.reason.message : 'done'));
    assert.deepEqual(reasons.sort(), [
      'given up',
      ...Array(4).fill('the login that this waited for, of a command that runs beside it, has failed'),
    ]);
    assert.equal(works, 1);
    assert.equal(await withLock(at(directory), never, async () => 'later', TIMES), 'later');
  });

  it('breaks the lock of a process that has died at once', async (t) => {
    const directory = scratchDirectory(t);
    const child = spawn('true');
    await once(child, 'exit');
    writeFileSync(join(directory, 'one.lock'), JSON.stringify({ nonce: 'x', holder: place(), pid: child.pid }));
    const started = performance.now();
    assert.equal(await withLock(at(directory), never, async () => 'mine', { ...TIMES, stale: 60_000 }), 'mine');
    assert.ok(performance.now() - started < 5_000);
  });

  it('breaks the lock of one that stands still, or of another machine, after a while, and of garbage too', async (t) => {
    for (const text of [
      JSON.stringify({ nonce: 'x', holder: place(), pid: process.pid }),
      JSON.stringify({ nonce: 'x', holder: 'another machine', pid: 1 }),
      'garbage',
    ]) {
      const directory = scratchDirectory(t);
      writeFileSync(join(directory, 'one.lock'), text);
      const started = performance.now();
      assert.equal(await withLock(at(directory), never, async () => 'mine', TIMES), 'mine');
      assert.ok(performance.now() - started >= TIMES.stale, text);
      assert.deepEqual(readdirSync(directory), []);
    }
  });

  it('leaves the lock of one that works to it, however long, and ends after its time', async (t) => {
    const directory = scratchDirectory(t);
    let done = () => {};
    const held = withLock(
      at(directory),
      never,
      () => new Promise<string>((resolve) => (done = () => resolve('slow'))),
      TIMES,
    );
    await delay(TIMES.stale * 3);
    let told = 0;
    const onWait = () => {
      told += 1;
    };
    await assert.rejects(
      withLock({ ...at(directory), onWait }, never, async () => 'mine', { ...TIMES, wait: 3 * TIMES.stale }),
      /^LoginFailure: another command has been logging in for/,
    );
    assert.equal(told, 1);
    done();
    assert.equal(await held, 'slow');
  });

  it('locks nothing where nothing is kept, or can be', async () => {
    for (const directory of [undefined, '/nonexistent/directory', '/proc']) {
      assert.equal(await withLock({ directory, name: 'one' }, never, async () => 'mine', TIMES), 'mine');
    }
  });
});
