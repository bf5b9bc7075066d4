/** Drops to an account as the front does, then tries what it must not be able to do; prints what it could, as JSON. */

import { spawnSync } from 'node:child_process';
import { openSync } from 'node:fs';
import { createServer } from 'node:net';
import { Worker } from 'node:worker_threads';
import { loadNative } from '#src/native/binding.js';
import { dropTo } from '#src/privsep/privileges.js';

const [uid, gid, keyFile] = process.argv.slice(2);
// A thread from before the drop: what binds the process must bind it too.
const early = new Worker('setInterval(() => {}, 1000)', { eval: true });
await new Promise((resolve) => early.once('online', resolve));

dropTo(loadNative(), { uid: Number(uid), gid: Number(gid) });

function can(attempt: () => unknown): boolean {
  try {
    attempt();
    return true;
  } catch {
    return false;
  }
}

function canListen(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}

const outcome = {
  uid: process.getuid?.(),
  groups: process.getgroups?.(),
  readsKey: can(() => openSync(keyFile ?? '', 'r')),
  readsShadow: can(() => openSync('/etc/shadow', 'r')),
  becomesRoot: can(() => process.setuid?.(0)),
  becomesRootsGroup: can(() => process.setgid?.(0)),
  startsPrograms: spawnSync('/bin/true').error === undefined,
  listensBelow1024: await canListen(1023),
  listensAbove: await canListen(0),
};
process.stdout.write(JSON.stringify(outcome), () => process.exit(0));
