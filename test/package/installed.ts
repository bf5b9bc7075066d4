/** The npm package that `make package` has made, and an installation of it such as an operator would have. */
import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, symlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Ended } from '../daemon/daemon-harness.js';
import { ROOT } from '../harness/child.js';

const FOLDER = join(ROOT, 'build', 'package');

/** What was packed. */
export const STAGE = join(FOLDER, 'stage');

export function tarball(): string {
  const [name, ...others] = readdirSync(FOLDER).filter((entry) => entry.endsWith('.tgz'));
  if (name === undefined || others.length > 0) throw new Error(`${FOLDER} must hold one package: make package`);
  return join(FOLDER, name);
}

export function execute(
  command: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv = process.env,
): Promise<Ended> {
  return new Promise((resolve) => {
    const child = execFile(command, [...args], { env, maxBuffer: 1 << 24 }, (error, stdout, stderr) => {
      const code = error === null ? 0 : typeof error.code === 'number' ? error.code : null;
      resolve({ code, stdout, stderr });
    });
    child.stdin?.end();
  });
}

/** As execute(), for what must succeed; its standard output. */
export async function succeed(command: string, args: readonly string[], env?: NodeJS.ProcessEnv): Promise<string> {
  const { code, stdout, stderr } = await execute(command, args, env);
  if (code !== 0) throw new Error(`${command} ${args.join(' ')} ended with ${code}: ${stdout}${stderr}`);
  return stdout;
}

/** A folder for PATH with nothing in it that compiles. */
export async function commandsWithoutCompiler(dir: string): Promise<string> {
  mkdirSync(dir);
  symlinkSync(process.execPath, join(dir, 'node'));
  for (const name of ['npm', 'sh']) symlinkSync((await succeed('which', [name])).trim(), join(dir, name));
  return dir;
}

/** Header files of this Node, where its installation has them; npm would download them. */
export function nodeHeaders(): NodeJS.ProcessEnv {
  const prefix = dirname(dirname(process.execPath));
  return existsSync(join(prefix, 'include', 'node', 'node_api.h')) ? { npm_config_nodedir: prefix } : {};
}

/** The supported Nodes that `make nodes` has put there, else this one alone. */
export function nodes(): string[] {
  const folder = join(ROOT, 'build', 'nodes');
  if (!existsSync(folder)) return [process.execPath];
  return readdirSync(folder).map((major) => join(folder, major, 'bin', 'node'));
}
