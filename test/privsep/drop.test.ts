import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const needsRoot = process.getuid?.() === 0 ? false : 'needs root';
/** Containers may let everybody have every port: then there is none to be refused. */
const lowPortsAreGuarded = Number(readFileSync('/proc/sys/net/ipv4/ip_unprivileged_port_start', 'utf8')) > 1023;
const child = fileURLToPath(new URL('./drop-child.js', import.meta.url));

it('dropTo() leaves nothing of root: no key, no shadow, no low port, no program, no way back', {
  skip: needsRoot,
}, async (t) => {
  const dir = mkdtempSync(join(tmpdir(), 'pamhook-drop-'));
  t.after(() => rmSync(dir, { recursive: true }));
  const keyFile = join(dir, 'signing-key.pem');
  writeFileSync(keyFile, 'secret', { mode: 0o600 });
  const { stdout } = await promisify(execFile)(process.execPath, [child, '65534', '65534', keyFile]);
  assert.deepEqual(JSON.parse(stdout), {
    uid: 65534,
    groups: [65534],
    readsKey: false,
    readsShadow: false,
    becomesRoot: false,
    becomesRootsGroup: false,
    startsPrograms: false,
    listensBelow1024: !lowPortsAreGuarded,
    listensAbove: true,
  });
});
