/** A machine whose own /etc, accounts and PAM are a test's to change: its daemon runs as an installed one does. Only inside a throw-away root. */
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Answer, auditLines, type Scene, setScene } from '../daemon/daemon-harness.js';
import { ROOT } from '../harness/child.js';
import type { Ending } from '../harness/scratch.js';
import { outside } from '../harness/throw-away-root.js';

export const PASSWORD = 'Passw0rd!';
export const EXAMPLES = join(ROOT, 'pam.d-examples');

/** A scene without wrapped accounts and without a directory of PAM services: the machine's own are meant. */
export async function setMachine(t: Ending): Promise<Scene> {
  const scene = await setScene(t);
  const at = scene.flags.indexOf('-pam-config-dir');
  return { ...scene, env: { PATH: process.env['PATH'] }, flags: scene.flags.toSpliced(at, 2) };
}

/** Runs a script of bash as root; what it printed. */
export function sh(script: string): string {
  if (outside) throw new Error('this would change the machine itself');
  return execFileSync('bash', ['-euo', 'pipefail', '-c', script], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}

export function addUser(name: string, groups: readonly string[] = []): void {
  for (const group of groups) sh(`groupadd -f ${group}`);
  const more = groups.length === 0 ? '' : `-G ${groups.join(',')}`;
  sh(`useradd -m ${more} ${name}; echo '${name}:${PASSWORD}' | chpasswd`);
}

/** Puts an example where its first line says, each `change` (what to replace, by what) made once. */
export function install(example: string, path: string, ...changes: readonly (readonly [string, string])[]): void {
  let text = readFileSync(join(EXAMPLES, example), 'utf8');
  for (const [old, by] of changes) {
    if (!text.includes(old)) throw new Error(`${example} has no "${old}"`);
    text = text.replace(old, by);
  }
  writeFileSync(path, text);
}

/** All that a client can tell one answer from another by, but for what differs in every answer. */
export function visible({ status, rawHeaders, body }: Answer) {
  const headers = rawHeaders.filter(
    (value, index) => !/^(date|x-request-id)$/i.test(rawHeaders[index - (index % 2)] ?? '') || value === '',
  );
  return { status, headers, body };
}

/** Status and body of an answer, a token as `token`. */
export function brief({ status, body }: Answer): readonly [number, string] {
  return [status, status === 200 ? 'token' : body];
}

/** The newest line of the audit log: what an operator sees of the login just answered. */
export function lastEvent(scene: Scene, ...fields: readonly string[]): readonly unknown[] {
  const line = auditLines(scene).at(-1) ?? {};
  return fields.map((field) => line[field]);
}
