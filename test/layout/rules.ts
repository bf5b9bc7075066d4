/** The floors, the doors and the top level of the repository, as tables, and what breaks them. */
import { builtinModules } from 'node:module';
import { posix } from 'node:path';
import type { Source } from './source.js';

/** A file imports its own folder or a lower floor. */
const FLOORS: Readonly<Record<string, number>> = {
  'errors.ts': -1,
  'secret.ts': -1,
  'url.ts': -1,
  'package-root.ts': -1,
  native: 0,
  config: 0,
  log: 0,
  identity: 1,
  pam: 1,
  keys: 1,
  metrics: 1,
  token: 2,
  web: 2,
  http: 3,
  privsep: 4,
  cli: 5,
  kubectl: 5,
};

/** The client commands run on people's machines: nothing of the daemon goes there. */
const CLIENT_FOLDER = 'kubectl';
/** `pamhook` has them too; sideways, and only from here. */
const CLIENT_CALLER = 'cli';

/** Modules with one door, or with one in the daemon and one in the client commands; '' is nobody's. */
const MODULE_DOORS: Readonly<Record<string, string | readonly string[]>> = {
  express: 'http',
  helmet: 'http',
  jsonwebtoken: 'keys',
  'node-gyp-build': 'native',
  'node-addon-api': 'native',
  convict: 'config',
  '@peculiar/x509': 'cli',
  'reflect-metadata': 'cli',
  '@redis/client': 'privsep',
  'prom-client': 'metrics',
  posix: 'privsep',
  '@napi-rs/keyring': 'kubectl',
  child_process: ['privsep', 'kubectl'],
  cluster: '',
  // It is global, and the doors below are held where it is called by that name.
  process: '',
};

const PROCESS_DOORS: Readonly<Record<string, string | readonly string[]>> = {
  env: ['config', 'kubectl'],
  kill: ['privsep', 'kubectl'],
  setuid: 'privsep',
  seteuid: 'privsep',
  setgid: 'privsep',
  setegid: 'privsep',
  setgroups: 'privsep',
  initgroups: 'privsep',
  dlopen: 'native',
  binding: '',
};

const TOP_LEVEL = new Set(
  `src test docker docs deploy bench scripts pam.d-examples .ci .github package.json package-lock.json tsconfig.json biome.json
  binding.gyp Makefile README.md CHANGELOG.md LICENSE SECURITY.md .git .gitignore .gitattributes .dockerignore .editorconfig .clang-format
  .npmrc`.split(/\s+/),
);

/** One line a fault; none when all is as it must be. `dependencies`: the packages that an installed pamhook has. */
export function faultsOf(source: Source, dependencies: readonly string[]): readonly string[] {
  const faults = [
    ...source.modules.map((module) => moduleFault(source.file, module, dependencies)),
    ...source.processMembers.map((member) => processFault(source.file, member)),
  ];
  return faults.filter((fault) => fault !== undefined).map((fault) => `src/${source.file}: ${fault}`);
}

/** Names at the top of the repository that have no place there; `ignored` are the lines of .gitignore. */
export function strayEntries(names: readonly string[], ignored: readonly string[]): readonly string[] {
  const local = new Set(ignored.map((line) => line.replaceAll('/', '')));
  return names.filter((name) => !TOP_LEVEL.has(name) && !local.has(name) && !name.endsWith('.tgz'));
}

function moduleFault(file: string, module: string, dependencies: readonly string[]): string | undefined {
  if (module === '*') {
    return 'imports a module whose name is computed';
  }
  if (module.endsWith('.node') && folderOf(file) !== 'native') {
    return `loads ${module}, which only native may`;
  }
  if (/^(\.|\/|#|file:)/.test(module)) {
    return floorFault(file, module);
  }
  const name = packageName(module);
  const door = MODULE_DOORS[name];
  if (!isOpen(door, file)) return `imports ${module}, which ${whoMay(door)} may`;
  const known = builtinModules.includes(name) || module.startsWith('node:') || dependencies.includes(name);
  return known ? undefined : `imports ${module}, which is not among the dependencies`;
}

function floorFault(file: string, module: string): string | undefined {
  const target = module.startsWith('.') ? posix.join(posix.dirname(file), module) : module.replace(/^#src\//, '');
  const [from, to] = [folderOf(file), folderOf(target.replace(/\.js$/, '.ts'))];
  const [floor, targetFloor] = [FLOORS[from], FLOORS[to]];
  if (floor === undefined || targetFloor === undefined) {
    return `imports ${module}: ${floor === undefined ? from : to} has no floor`;
  }
  if (from === CLIENT_FOLDER && to !== CLIENT_FOLDER && targetFloor >= 0) {
    return `imports ${module}, a part of the daemon`;
  }
  const isCall = from === CLIENT_CALLER && to === CLIENT_FOLDER;
  return from === to || targetFloor < floor || isCall
    ? undefined
    : `imports ${module}, ${targetFloor === floor ? 'sideways' : 'upward'}`;
}

function processFault(file: string, member: string): string | undefined {
  if (member === '*') {
    return 'takes members of process whose names are computed';
  }
  const door = PROCESS_DOORS[member];
  return isOpen(door, file) ? undefined : `uses process.${member}, which ${whoMay(door)} may`;
}

type Door = string | readonly string[] | undefined;

function isOpen(door: Door, file: string): boolean {
  return door === undefined || [door].flat().includes(folderOf(file));
}

function whoMay(door: Door): string {
  return door === '' ? 'nobody' : `only ${[door].flat().join(' and ')}`;
}

/** The folder, or the file when it lies in none. */
function folderOf(file: string): string {
  return file.split('/', 1)[0] ?? '';
}

function packageName(module: string): string {
  const parts = module.replace(/^node:/, '').split('/');
  return parts.slice(0, module.startsWith('@') ? 2 : 1).join('/');
}
