/** Lookups against users and groups of the test's own (nss_wrapper), and against a user database that fails, hangs and misreports. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { loadNative } from '#src/native/binding.js';
import { evaluate, preload, runScript } from '../harness/child.js';
import { compileShared } from '../harness/compile.js';
import { createAccounts } from '../harness/nss-fixture.js';
import { scratchDirectory } from '../harness/scratch.js';

const failing = preload(compileShared(scratchDirectory({ after }), 'failing_nss.c', ['dl']));

const accounts = createAccounts(
  { after },
  {
    users: [
      { name: 'many', uid: 4294967294, gid: 4294967293 },
      { name: 'jürgen', uid: 2_000_000_000, gid: 100 },
    ],
    groups: [
      { name: 'users', gid: 100 },
      { name: 'grüppe', gid: 40_001, members: ['jürgen'] },
      { name: 'domain users', gid: 40_002, members: ['jürgen'] },
      { name: 'DOM\\grp', gid: 40_003, members: ['jürgen'] },
      ...Array.from({ length: 300 }, (_, i) => ({ name: `g${i}`, gid: 50_000 + i, members: ['many'] })),
    ],
  },
);

/** The outcome of each lookup: the user's name, `none`, or the failure's code. */
async function outcomes(names: readonly string[]): Promise<unknown> {
  return evaluate(
    `const seen = {};
    for (const name of ${JSON.stringify(names)}) {
      seen[name] = await native.lookupUser(name).then((user) => user?.name ?? 'none', (e) => e.code + ' ' + e.cause.code);
    }
    console.log(JSON.stringify(seen));`,
    { env: failing },
  );
}

test('lookupUser() gives uid and gid unsigned', async () => {
  const found = await evaluate(`console.log(JSON.stringify(await native.lookupUser('many')))`, accounts);
  assert.deepEqual(found, { name: 'many', uid: 4294967294, gid: 4294967293 });
});

test('groupsOf() gives 300 groups by name and reports the primary gid that has none', async () => {
  const script = `console.log(JSON.stringify(await native.groupsOf(await native.lookupUser('many'))))`;
  const expected = Array.from({ length: 300 }, (_, i) => `g${i}`);
  assert.deepEqual(await evaluate(script, accounts), { names: expected, nameless: [4294967293] });
});

test('names of users and groups keep letters beyond ASCII, spaces and backslashes', async () => {
  const script = `console.log(JSON.stringify(await native.groupsOf(await native.lookupUser('jürgen'))))`;
  const expected = { names: ['users', 'grüppe', 'domain users', 'DOM\\grp'], nameless: [] };
  assert.deepEqual(await evaluate(script, accounts), expected);
});

test('lookupGroup() gives the gid, and undefined for a group that is not there', async () => {
  const script = `console.log(JSON.stringify([await native.lookupGroup('grüppe'), await native.lookupGroup('no') ?? null]))`;
  assert.deepEqual(await evaluate(script, accounts), [40_001, null]);
});

test('not found and failed are told apart by the return value, never by an errno left behind', async () => {
  const names = [
    'eio',
    'eagain',
    'etimedout',
    'econnrefused',
    'enoent',
    'esrch',
    'none-stale-errno',
    'entry-stale-errno',
  ];
  assert.deepEqual(await outcomes([...names, 'no-such-user', 'root']), {
    eio: 'ERR_NSS_FAILED EIO',
    eagain: 'ERR_NSS_FAILED EAGAIN',
    etimedout: 'ERR_NSS_FAILED ETIMEDOUT',
    econnrefused: 'ERR_NSS_FAILED ECONNREFUSED',
    enoent: 'none',
    esrch: 'none',
    'none-stale-errno': 'none',
    'entry-stale-errno': 'entry-stale-errno',
    'no-such-user': 'none',
    root: 'root',
  });
});

test('an entry of 1 MiB is read, a larger one or one that is not UTF-8 is a failure', async () => {
  assert.deepEqual(await outcomes(['large', 'too-large', 'latin1']), {
    large: 'large',
    'too-large': 'ERR_NSS_FAILED ERANGE',
    latin1: 'ERR_NSS_FAILED EILSEQ',
  });
});

test('an entry without a name is a failure, and of a group none', async () => {
  assert.deepEqual(await outcomes(['no-name']), { 'no-name': 'ERR_NSS_FAILED EINVAL' });
  const script = `console.log(JSON.stringify(await native.groupsOf({ name: 'x', uid: 1, gid: 66607 })))`;
  assert.deepEqual(await evaluate(script, { env: failing }), { names: [], nameless: [66607] });
});

test('a lookup that is interrupted for ever is a failure', async () => {
  assert.deepEqual(await outcomes(['eintr']), { eintr: 'ERR_NSS_FAILED EINTR' });
});

test('more groups than there was room for are never made up', async () => {
  const script = `console.log(JSON.stringify(await native.groupsOf({ name: 'beyond', uid: 1, gid: 66604 }).catch((e) => e.cause.code)))`;
  assert.equal(await evaluate(script, { env: failing }), 'E2BIG');
});

test('a lookup that fails with a number that is no errno is a failure', async () => {
  assert.deepEqual(await outcomes(['minus-one']), { 'minus-one': 'ERR_NSS_FAILED errno -1' });
});

test('a group entry of 16 MiB is read, a larger one is a failure; a name that is not UTF-8 is none', async () => {
  const script = `const seen = {};
    for (const gid of [66600, 66601, 66602, 66603]) {
      seen[gid] = await native.groupsOf({ name: 'x', uid: 1, gid }).catch((e) => e.code + ' ' + e.cause.code);
    }
    console.log(JSON.stringify(seen));`;
  assert.deepEqual(await evaluate(script, { env: failing }), {
    66600: 'ERR_NSS_FAILED EIO',
    66601: { names: ['members-16-mib'], nameless: [] },
    66602: 'ERR_NSS_FAILED ERANGE',
    66603: { names: [], nameless: [66603] },
  });
});

test('65,536 groups are taken, one more is a failure, and none is given twice', async () => {
  const script = `const of = (name, gid) => native.groupsOf({ name, uid: 1, gid }).catch((e) => e.cause.code);
    console.log(JSON.stringify([await of('gids-65536', 66604), await of('gids-65536', 66603), await of('gids-65537', 66604)]));`;
  assert.deepEqual(await evaluate(script, { env: failing }), [
    { names: ['twice'], nameless: [] },
    { names: [], nameless: [66603] },
    'E2BIG',
  ]);
});

test('four lookups run; sixteen when those hang, while 1,024 wait; one more fails at once, and process.exit() waits for none', async (t) => {
  const HUNG_LOG = join(scratchDirectory(t), 'hung');
  const result = await runScript(
    `let failed = 0;
    const ask = () => native.lookupUser('hang').catch((e) => { failed++; return e; });
    const { existsSync, readdirSync, readFileSync } = await import('node:fs');
    const tasks = () => readdirSync('/proc/self/task').length;
    const before = tasks();
    const started = Number(process.hrtime.bigint() / 1_000_000n);
    for (let i = 0; i < 20; i++) ask();
    const threads = tasks() - before;
    // Each thread has to take its lookup out of the queue first.
    const hung = () => existsSync(process.env.HUNG_LOG) ? readFileSync(process.env.HUNG_LOG, 'utf8').split('\\n').slice(0, -1) : [];
    while (hung().length < threads) await new Promise((resolve) => setTimeout(resolve, 5));
    const atOnce = hung().filter((time) => Number(time) - started < 250).length;
    for (let i = 20; i < threads + 1024; i++) ask();
    await new Promise((resolve) => setImmediate(resolve));
    const early = failed;
    const error = await ask();
    console.log(JSON.stringify([threads, early, error.code, error.cause.code, atOnce]));
    process.exit(7);`,
    { env: { ...failing, HUNG_LOG } },
  );
  assert.equal(result.code, 7, result.stderr);
  const [atOnce, ...seen] = JSON.parse(result.stdout).reverse();
  assert.deepEqual(seen.reverse(), [16, 0, 'ERR_NSS_FAILED', 'EAGAIN']);
  assert.ok(atOnce <= 4, `${atOnce} run before the first of them hang`);
});

test('fifteen hung lookups leave the other users one after another', async () => {
  const script = `for (let i = 0; i < 15; i++) native.lookupUser('hang');
    const users = await Promise.all(Array.from({ length: 50 }, () => native.lookupUser('root')));
    console.log(JSON.stringify(users.length));
    process.exit(0);`;
  assert.equal(await evaluate(script, { env: failing }), 50);
});

test('a waiting lookup keeps the event loop alive until it is answered, and no longer', async () => {
  const script = `native.lookupUser('root').then((user) => console.log(JSON.stringify(user.name)));`;
  assert.equal(await evaluate(script), 'root');
});

test('a Worker may end in the middle of its lookups', async () => {
  const script = `import { Worker } from 'node:worker_threads';
    const url = ${JSON.stringify(new URL('../../src/native/binding.js', import.meta.url).href)};
    for (let i = 0; i < 20; i++) {
      const worker = new Worker(
        'import(' + JSON.stringify(url) + ').then(({ loadNative }) => { const native = loadNative();' +
        'for (let i = 0; i < 200; i++) native.lookupUser("root"); require("node:worker_threads").parentPort.postMessage(0); })',
        { eval: true, execArgv: [] },
      );
      await new Promise((resolve) => worker.once('message', resolve));
      await worker.terminate();
    }
    console.log(JSON.stringify((await native.lookupUser('root')).uid));`;
  assert.equal(await evaluate(script), 0);
});

test('what C would misread is a TypeError that names the argument', () => {
  const native = loadNative();
  for (const name of ['', 'a\0b', '\uDC00', 'x'.repeat(512)]) {
    assert.throws(() => native.lookupUser(name), { name: 'TypeError', message: /^name must be/ });
    assert.throws(() => native.lookupGroup(name), { name: 'TypeError', message: /^name must be/ });
    assert.throws(() => native.groupsOf({ name, uid: 1, gid: 1 }), { name: 'TypeError', message: /^user\.name/ });
  }
  for (const gid of [-1, 1.5, 4294967295, Number.NaN]) {
    assert.throws(() => native.groupsOf({ name: 'x', uid: 1, gid }), { name: 'TypeError', message: /^user\.gid/ });
  }
});
