/** What a kubeconfig says of the current context's pamhook: for `kubectl pamhook login` and its like, whom kubectl tells nothing. */
import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';
import { ConfigurationError } from '../errors.js';
import { type GivenFlags, parseClientArguments } from './arguments.js';
import type { Environment } from './io.js';
import { isObject, type JsonObject } from './json.js';
import { isProgram } from './kubeconfig/exec-block.js';
import { printable } from './printable.js';
import { EXTENSION } from './sources.js';

const LONGEST_FILE = 4 * 1024 * 1024;

export interface ContextSettings {
  readonly inExecBlock: GivenFlags;
  /** Variables that kubectl would set. */
  readonly variables: Environment;
  readonly extension: JsonObject | undefined;
  readonly clusterProxyUrl: string | undefined;
}

/** undefined: no context is current, or its user does not run `pamhook credential`. Throws ConfigurationError. */
export async function readContext(
  environment: Environment,
  { kubeconfig, context }: { kubeconfig: string | undefined; context: string | undefined },
): Promise<ContextSettings | undefined> {
  const files = await Promise.all(pathsOf(environment, kubeconfig).map((path) => readKubeconfig(path, kubeconfig)));
  const name = context ?? files.map((file) => file['current-context']).find((each) => Boolean(each));
  if (typeof name !== 'string') return undefined;
  const meant = named(files, 'contexts', 'context', name);
  if (meant === undefined) {
    if (context === undefined) return undefined;
    throw new ConfigurationError(`no kubeconfig has a context ${printable(context)}`);
  }
  const exec = named(files, 'users', 'user', meant['user'])?.['exec'];
  const cluster = named(files, 'clusters', 'cluster', meant['cluster']);
  const inExecBlock = isObject(exec) ? argumentsOf(exec) : undefined;
  if (!isObject(exec) || inExecBlock === undefined) return undefined;
  return { inExecBlock, variables: variablesOf(exec), ...clusterSettings(cluster) };
}

/** As kubectl looks for them. */
function pathsOf({ KUBECONFIG, HOME }: Environment, given: string | undefined): readonly string[] {
  if (given !== undefined) return [given];
  const listed = (KUBECONFIG ?? '').split(delimiter).filter((path) => path !== '');
  return listed.length > 0 ? listed : [join(HOME ?? homedir(), '.kube', 'config')];
}

/** A file that is not there counts as empty, unless a flag names it. */
async function readKubeconfig(path: string, given: string | undefined): Promise<JsonObject> {
  const text = await readFile(path, 'utf8').catch((cause: NodeJS.ErrnoException) => {
    if (cause.code === 'ENOENT' && given === undefined) return '';
    throw new ConfigurationError(`kubeconfig ${printable(path)} cannot be read (${cause.code})`, undefined, { cause });
  });
  if (text.length > LONGEST_FILE) throw new ConfigurationError(`kubeconfig ${printable(path)} is larger than 4 MiB`);
  const { parse } = await import('yaml');
  try {
    const value: unknown = parse(text);
    return isObject(value) ? value : {};
  } catch (cause) {
    throw new ConfigurationError(`kubeconfig ${printable(path)} is no YAML`, undefined, { cause });
  }
}

/** The first file that has an entry of the name is the one that counts. */
function named(files: readonly JsonObject[], list: string, member: string, name: unknown): JsonObject | undefined {
  for (const file of files) {
    const entries: unknown = file[list];
    const entry = Array.isArray(entries) ? entries.find((each) => isObject(each) && each['name'] === name) : undefined;
    if (entry !== undefined) return isObject(entry[member]) ? entry[member] : {};
  }
  return undefined;
}

function argumentsOf({ command, args }: JsonObject): GivenFlags | undefined {
  const words = Array.isArray(args) ? args.map(String) : [];
  const isOurs = typeof command === 'string' && isProgram(command) && words[0] === 'credential';
  return isOurs ? parseClientArguments('pamhook', 'credential', words.slice(1)) : undefined;
}

function variablesOf({ env }: JsonObject): Environment {
  const entries = Array.isArray(env) ? env.filter(isObject) : [];
  return Object.fromEntries(entries.map(({ name, value }) => [String(name), String(value)]));
}

function clusterSettings(cluster: JsonObject = {}): Pick<ContextSettings, 'extension' | 'clusterProxyUrl'> {
  const { extensions, 'proxy-url': proxyUrl } = cluster;
  const found = Array.isArray(extensions)
    ? extensions.find((each) => isObject(each) && each['name'] === EXTENSION)
    : undefined;
  const extension = isObject(found) ? found['extension'] : undefined;
  return {
    extension: isObject(extension) ? extension : undefined,
    clusterProxyUrl: typeof proxyUrl === 'string' && proxyUrl !== '' ? proxyUrl : undefined,
  };
}
