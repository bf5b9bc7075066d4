/** Runs a script in a Node process of its own, for what must not happen to the test's process or needs another environment. */
import { spawn } from 'node:child_process';
import { chmodSync, cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const ROOT = fileURLToPath(new URL('../../..', import.meta.url));

export interface ChildOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly uid?: number;
  readonly gid?: number;
  /** Default: the node that runs the tests. */
  readonly node?: string;
  readonly flags?: readonly string[];
  /** Milliseconds, default 120,000, after which the child is killed. */
  readonly timeout?: number;
}

export interface ChildResult {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Libraries to load first: those this process was started with (a sanitizer must be the first) before the given. */
export function preload(...libraries: readonly string[]): Record<string, string> {
  return { LD_PRELOAD: [process.env['LD_PRELOAD'], ...libraries].filter(Boolean).join(':') };
}

let copy: string | undefined;

/** What the addon needs, where another user can read it: the tree itself may be closed to all but its owner. */
function readableCopy(): string {
  if (copy === undefined) {
    const directory = mkdtempSync(join(tmpdir(), 'pamhook-test-'));
    process.once('exit', () => rmSync(directory, { recursive: true, force: true }));
    for (const part of ['package.json', 'build/src', 'build/Release/pamhook.node', 'node_modules/node-gyp-build']) {
      cpSync(join(ROOT, part), join(directory, part), { recursive: true, dereference: true });
    }
    chmodSync(directory, 0o755);
    copy = `${directory}/`;
  }
  return copy;
}

/** Runs the source of an ES module in which `native` is the loaded addon. */
export async function runScript(source: string, options: ChildOptions = {}): Promise<ChildResult> {
  const root = options.uid === undefined ? ROOT : readableCopy();
  const script = `const { loadNative } = await import(${JSON.stringify(`${root}build/src/native/binding.js`)});
    const native = loadNative();
    ${source}`;
  const child = spawn(
    options.node ?? process.execPath,
    [...(options.flags ?? []), '--input-type=module', '--eval', script],
    {
      env: { ...process.env, NODE_TEST_CONTEXT: undefined, ...options.env },
      ...(options.uid === undefined ? {} : { uid: options.uid, gid: options.gid ?? options.uid }),
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: options.timeout ?? 120_000,
      killSignal: 'SIGKILL',
    },
  );
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code, signal) => resolve({ code, signal, stdout, stderr }));
  });
}

/** runScript() for a script that prints one JSON value and must succeed. */
export async function evaluate(source: string, options: ChildOptions = {}): Promise<unknown> {
  const result = await runScript(source, options);
  if (result.code !== 0) throw new Error(`child ended with ${result.code ?? result.signal}: ${result.stderr}`);
  return JSON.parse(result.stdout);
}
