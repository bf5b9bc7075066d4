/** Lookups of a process that has no descriptor left: what they do not find is no answer. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { evaluate } from '../harness/child.js';
import { createAccounts } from '../harness/nss-fixture.js';

const accounts = createAccounts(
  { after },
  {
    users: [{ name: 'alice', uid: 20_001, gid: 20_001 }],
    groups: [{ name: 'developers', gid: 20_002, members: ['alice'] }],
  },
);

/** Told before and while the process has none left. */
const script = `
  const { execFileSync } = await import('node:child_process');
  const { openSync } = await import('node:fs');
  const outcome = (asked) => asked.then((found) => (found === undefined ? 'none' : 'found'), (fault) => fault.cause.code);
  const alice = await native.lookupUser('alice');
  const all = async () => [
    await outcome(native.lookupUser('alice')), await outcome(native.lookupUser('nobody-of-this-name')),
    await outcome(native.lookupGroup('no-such-group')), await outcome(native.groupsOf(alice)),
  ];
  const before = await all();
  execFileSync('prlimit', ['--pid', String(process.pid), '--nofile=64:64']);
  try { for (;;) openSync('/dev/null'); } catch {}
  console.log(JSON.stringify({ before, exhausted: await all() }));
  process.exit(0);`;

test('without a descriptor left, what is not found counts as could not ask, and so do groups', async () => {
  assert.deepEqual(await evaluate(script, accounts), {
    before: ['found', 'none', 'none', 'found'],
    exhausted: ['found', 'EMFILE', 'EMFILE', 'EMFILE'],
  });
});
