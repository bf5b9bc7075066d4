/** Where settings come from, in their order: flags, the exec block of a kubeconfig, the cluster's extension, the environment. */
import { ConfigurationError } from '../errors.js';
import type { GivenFlags } from './arguments.js';
import { type Flag, type FlagName, flags } from './flags.js';
import type { Environment } from './io.js';
import type { JsonObject } from './json.js';
import { printable } from './printable.js';

export interface Sources {
  readonly given: GivenFlags;
  /** Arguments in the exec block of the kubeconfig, where another command than `credential` looks there. */
  readonly inExecBlock: GivenFlags;
  readonly extension: JsonObject | undefined;
  readonly environment: Environment;
  /** The cluster's own `proxy-url`. */
  readonly clusterProxyUrl: string | undefined;
}

/**
 * The extension goes before the environment: what stands with a cluster holds for that cluster, and a variable that was
 * exported for one must not send the password of another there.
 */
export function findText(name: FlagName, sources: Sources): string | undefined {
  const value = find(name, sources);
  if (value === undefined || typeof value === 'string') return value;
  throw new ConfigurationError(`--${name} is given more than once`);
}

/** A comma list counts in the environment alone. */
export function findTexts(name: FlagName, sources: Sources): readonly string[] {
  const value = find(name, sources);
  if (value === undefined) return [];
  if (typeof value !== 'string') return value;
  const items = isFromEnvironment(name, sources) ? value.split(',') : [value];
  return items.map((item) => item.trim()).filter((item) => item !== '');
}

export function isSet(name: FlagName, { given, inExecBlock }: Sources): boolean {
  return given[name] === true || inExecBlock[name] === true;
}

/** A field of the extension that no flag has. Throws ConfigurationError. */
export function extensionText(field: string, { extension }: Pick<Sources, 'extension'>): string | undefined {
  const value = extension?.[field];
  if (value === undefined || value === null || typeof value === 'string') return value || undefined;
  throw new ConfigurationError(`${field} in the cluster's extension ${EXTENSION} must be text`);
}

export const EXTENSION = 'client.authentication.k8s.io/exec';

/** Whether flags have it, and so nothing else counts. */
export function isFromFlags(name: FlagName, { given, inExecBlock }: Sources): boolean {
  return given[name] !== undefined || inExecBlock[name] !== undefined;
}

function isFromEnvironment(name: FlagName, sources: Sources): boolean {
  return !isFromFlags(name, sources) && fromExtension(name, sources) === undefined;
}

function find(name: FlagName, sources: Sources): string | readonly string[] | undefined {
  const { given, inExecBlock, environment } = sources;
  const { variable }: Flag = flags[name];
  const value = given[name] ?? inExecBlock[name] ?? fromExtension(name, sources);
  if (value !== undefined && typeof value !== 'boolean') return value;
  return (variable === undefined ? undefined : environment[variable]) || undefined;
}

function fromExtension(name: FlagName, { extension }: Sources): string | readonly string[] | undefined {
  const { inCluster, repeated, words }: Flag = flags[name];
  if (!inCluster) return undefined;
  const value = extension?.[name];
  if (repeated && Array.isArray(value) && value.every((item) => typeof item === 'string')) return value;
  const text = extensionText(name, { extension });
  if (text !== undefined && words !== undefined && !words.includes(text)) {
    throw new ConfigurationError(
      `${name} in the cluster's extension ${EXTENSION} must be one of ${words.join(', ')}, not ${printable(text)}`,
    );
  }
  return text;
}
