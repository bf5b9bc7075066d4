/** The entries of kubeconfigs (k8s.io/client-go/tools/clientcmd/api/v1, Config), as far as they are looked at; used by `pamhook kubeconfig`. */
import { isObject, type JsonObject } from '../json.js';
import { printable } from '../printable.js';
import { unfit } from './source.js';

/** The lists, and what each of their entries has beside its name. */
export const MEMBER = { clusters: 'cluster', users: 'user', contexts: 'context' } as const;
export type List = keyof typeof MEMBER;

export interface Entry {
  readonly name: string;
  /** Its place in the list. */
  readonly at: number;
  /** Its cluster, user or context; empty where that is null. */
  readonly body: JsonObject;
}

export interface Kubeconfig extends Readonly<Record<List, readonly Entry[]>> {
  readonly path: string;
  readonly currentContext: unknown;
}

/** The entry that counts: that of the first file that has one. `files`: in kubectl's order. */
export function find(
  files: readonly Kubeconfig[],
  list: List,
  name: string,
): { readonly file: Kubeconfig; readonly entry: Entry } | undefined {
  for (const file of files) {
    const entry = file[list].find((each) => each.name === name);
    if (entry !== undefined) return { file, entry };
  }
  return undefined;
}

/** All entries that count. */
export function allOf(files: readonly Kubeconfig[], list: List): readonly Entry[] {
  const all = new Map<string, Entry>();
  for (const entry of files.flatMap((file) => file[list])) if (!all.has(entry.name)) all.set(entry.name, entry);
  return [...all.values()];
}

/** A name in a message. */
export function shown(name: string): string {
  return JSON.stringify(printable(name));
}

/** Throws ConfigurationError for what kubectl would refuse, and for YAML that is about something else. */
export function kubeconfigIn(value: JsonObject, path: string): Kubeconfig {
  const { apiVersion = 'v1', kind = 'Config', 'current-context': currentContext } = value;
  const names = Object.keys(value);
  const isKnown = names.length === 0 || names.some((name) => Object.hasOwn(MEMBER, name) || name === 'kind');
  if (apiVersion !== 'v1' || kind !== 'Config' || !isKnown) throw unfit(path, 'is no kubeconfig of v1');
  const entries = (list: List) => entriesIn(value[list] ?? [], list, path);
  const [clusters, users, contexts] = [entries('clusters'), entries('users'), entries('contexts')];
  return { path, currentContext, clusters, users, contexts };
}

function entriesIn(list: unknown, name: List, path: string): readonly Entry[] {
  if (!Array.isArray(list)) throw unfit(path, `is no kubeconfig: ${name} is no list`);
  const names = new Set<string>();
  return list.map((item: unknown, at) => {
    const entry = entryOf(item, at, MEMBER[name]);
    if (entry === undefined) throw unfit(path, `is no kubeconfig: an entry of ${name} has no name, or is no map`);
    if (names.has(entry.name)) throw unfit(path, `has two entries of one name in ${name}, which kubectl refuses`);
    names.add(entry.name);
    return entry;
  });
}

function entryOf(item: unknown, at: number, member: string): Entry | undefined {
  if (!isObject(item)) return undefined;
  const { name, [member]: body = null } = item;
  if (typeof name !== 'string' || !(body === null || isObject(body))) return undefined;
  return { name, at, body: body ?? {} };
}
