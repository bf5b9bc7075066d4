/** `pamhook kubeconfig` called as the command line calls it, and the kubectl programs of this machine. */
import { existsSync, readdirSync, realpathSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import type { Environment } from '#src/kubectl/io.js';
import { runClientCommand } from '#src/kubectl/run.js';

export interface Called {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** `environment`: HOME and KUBECONFIG are looked at. */
export async function kubeconfig(environment: Environment, ...argv: readonly string[]): Promise<Called> {
  let stdout = '';
  let stderr = '';
  const code = await runClientCommand('kubeconfig', argv, {
    program: 'pamhook',
    environment,
    stdin: (async function* () {})(),
    stdout: { write: (text) => (stdout += text) },
    stderr: { write: (text) => (stderr += text) },
    now: Date.now,
  });
  return { code, stdout, stderr };
}

/** Every version that is there: the one on the PATH, and those beside it, as some distributions put them. */
export function kubectls(): readonly string[] {
  const found = (process.env['PATH'] ?? '')
    .split(delimiter)
    .map((directory) => join(directory, 'kubectl'))
    .find((path) => existsSync(path));
  if (found === undefined) return [];
  const directory = dirname(realpathSync(found));
  return readdirSync(directory)
    .filter((name) => /^kubectl(\.1\.\d+)?$/.test(name))
    .map((name) => join(directory, name));
}
