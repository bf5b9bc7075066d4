/** The command line of `pamhook kubeconfig`, and what it asks to be written. */
import { resolve } from 'node:path';
import { ConfigurationError } from '../../errors.js';
import { parseUrl } from '../../url.js';
import { type GivenFlags, parseClientArguments } from '../arguments.js';
import { type Flag, type FlagName, flags } from '../flags.js';
import type { ClientIo, Environment } from '../io.js';
import { readSettings } from '../settings.js';
import { findText, findTexts, type Sources } from '../sources.js';
import { API_VERSIONS, execBlock, type Settings } from './exec-block.js';
import { shown } from './kubeconfig.js';
import type { Wanted } from './plan.js';
import { programOf } from './program.js';

const CA = 'certificate-authority';
const DEFAULT_USER = 'pamhook';
const LONGEST_NAME = 1024;
/** As Go writes durations. */
const LIFETIME = /^(\d+(\.\d+)?(ns|us|µs|ms|s|m|h))+$/;

export interface KubeconfigArguments {
  readonly wanted: Wanted;
  /** The file; undefined: as kubectl finds it. */
  readonly kubeconfig: string | undefined;
  readonly toStdout: boolean;
}

/** What may stand in the extension of a cluster. */
const IN_CLUSTER = (Object.keys(flags) as FlagName[]).filter((name) => (flags[name] as Flag).inCluster);
const EXTENSIBLE: ReadonlySet<string> = new Set([...IN_CLUSTER, `${CA}-data`]);

/** undefined: help was asked for. Throws ConfigurationError. */
export async function parseKubeconfigArguments(
  argv: readonly string[],
  io: ClientIo,
): Promise<KubeconfigArguments | undefined> {
  const given = parseClientArguments(io.program, 'kubeconfig', argv);
  if (given.help === true) return undefined;
  const user = nameIn('user', textOf(given.user) ?? DEFAULT_USER);
  const clusters = clustersOf(given, user);
  const isPerCluster = clusters.length > 0;
  if (!isPerCluster) refuseForUserAlone(given);
  const settings = await settingsOf(given, io.environment);
  const exec = execBlock({
    apiVersion: API_VERSIONS.find((version) => version === given['api-version']) ?? 'v1',
    command: programOf({ given: textOf(given.command), searchPath: io.environment['PATH'], script: process.argv[1] }),
    settings: isPerCluster ? {} : settings,
    provideClusterInfo: isPerCluster,
  });
  const setCurrent = given['set-current'] === true;
  const wanted = { user, exec, extension: settings, extensible: EXTENSIBLE, clusters, setCurrent };
  return { wanted, kubeconfig: textOf(given.kubeconfig), toStdout: given.stdout === true };
}

function clustersOf(given: GivenFlags, user: string): Wanted['clusters'] {
  const names = textsOf(given.cluster).map((name) => nameIn('cluster', name));
  const contexts = textsOf(given.context).map((name) => nameIn('context', name));
  if (contexts.length > 0 && contexts.length !== names.length) {
    throw new ConfigurationError('there must be one --context for each --cluster, or none');
  }
  const clusters = names.map((name, at) => ({ name, context: contexts[at] ?? `${user}@${name}` }));
  for (const [flag, list] of Object.entries({ cluster: names, context: clusters.map(({ context }) => context) })) {
    if (new Set(list).size < list.length) throw new ConfigurationError(`--${flag} is given twice with one name`);
  }
  return clusters;
}

function refuseForUserAlone(given: GivenFlags): void {
  for (const name of ['set-current', 'embed-certs'] as const) {
    if (given[name] === true) throw new ConfigurationError(`--${name} needs --cluster`);
  }
}

/** By the names of flags, checked as `credential` will check them. No secret is among them. */
async function settingsOf(given: GivenFlags, environment: Environment): Promise<Settings> {
  const sources: Sources = { given, inExecBlock: {}, extension: undefined, environment, clusterProxyUrl: undefined };
  const { ca } = await readSettings(sources, 'give --server URL');
  const settings: Record<string, string | readonly string[]> = {};
  for (const name of IN_CLUSTER) {
    const value = name === 'audience' ? findTexts(name, sources) : findText(name, sources);
    if (value !== undefined && value.length > 0) settings[name] = checked(name, value);
  }
  if (ca === undefined || given['embed-certs'] !== true) return settings;
  const { [CA]: _, ...others } = settings;
  return { ...others, [`${CA}-data`]: Buffer.from(ca).toString('base64') };
}

function checked(name: FlagName, value: string | readonly string[]): string | readonly string[] {
  if (typeof value !== 'string') return value;
  // kubectl runs in any directory.
  if (name === CA) return resolve(value);
  if (name === 'lifetime' && !LIFETIME.test(value)) {
    throw new ConfigurationError(`--lifetime must be a duration such as 90m or 1h30m, not ${shown(value)}`);
  }
  if (name === 'proxy-url' && value !== 'direct') checkProxy(value);
  return value;
}

function checkProxy(value: string): void {
  const { username, password } = parseUrl(value) ?? {};
  if (username === undefined) throw new ConfigurationError('--proxy-url must be a URL, or direct');
  if (username !== '' || password !== '') {
    throw new ConfigurationError(
      '--proxy-url has a name or a password in it, which is not written into a file',
      'set HTTPS_PROXY, or PAMHOOK_PROXY_URL for kubectl alone',
    );
  }
}

function nameIn(flag: FlagName, name: string): string {
  if (name !== '' && Buffer.byteLength(name) <= LONGEST_NAME && !/[\p{Cc}\p{Cs}]/u.test(name)) return name;
  throw new ConfigurationError(`--${flag} must be 1 to ${LONGEST_NAME} bytes without control characters`);
}

function textOf(value: GivenFlags[FlagName]): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

function textsOf(value: GivenFlags[FlagName]): readonly string[] {
  return Array.isArray(value) ? value : [];
}
