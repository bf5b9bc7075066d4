/** What `pamhook kubeconfig` changes in which file, or why it changes nothing: what is there is never made another's. */
import { isDeepStrictEqual } from 'node:util';
import { ConfigurationError } from '../../errors.js';
import { isObject, type JsonObject } from '../json.js';
import { EXTENSION } from '../sources.js';
import type { Change, Path } from './change.js';
import { isOurs } from './exec-block.js';
import { extensionOf, isPamhooks } from './extension.js';
import { allOf, find, type Kubeconfig, type List, MEMBER, shown } from './kubeconfig.js';

export interface Wanted {
  readonly user: string;
  readonly exec: JsonObject;
  /** Of each cluster. */
  readonly extension: JsonObject;
  /** All that may stand in an extension. */
  readonly extensible: ReadonlySet<string>;
  /** None: the exec block has all. */
  readonly clusters: readonly { readonly name: string; readonly context: string }[];
  readonly setCurrent: boolean;
}

const UNCHANGED = 'nothing was changed';
const MOST_SHOWN = 10;

/** The changes, by the path of their file. */
export type Plan = ReadonlyMap<string, readonly Change[]>;

interface Draft {
  readonly files: readonly Kubeconfig[];
  /** Gets what is new. */
  readonly fallback: Kubeconfig;
  readonly changes: Map<string, Change[]>;
}

/** `files`: in kubectl's order. Throws ConfigurationError. */
export function plan(files: readonly Kubeconfig[], fallback: Kubeconfig, wanted: Wanted): Plan {
  checkOtherClusters(files, wanted);
  const draft: Draft = { files, fallback, changes: new Map() };
  for (const { name } of wanted.clusters) planExtension(draft, name, wanted);
  planUser(draft, wanted);
  for (const { name, context } of wanted.clusters) planContext(draft, context, { cluster: name, user: wanted.user });
  const [first] = wanted.clusters;
  if (wanted.setCurrent && first !== undefined && fallback.currentContext !== first.context) {
    set(draft, fallback, ['current-context'], first.context);
  }
  return draft.changes;
}

function planExtension(draft: Draft, name: string, { extension, extensible }: Wanted): void {
  const found = find(draft.files, 'clusters', name);
  if (found === undefined) throw noCluster(draft.files, name);
  const { file, entry } = found;
  const before = extensionOf(entry.body);
  const { at, value } = before ?? {};
  if (at === undefined || !(value === undefined || isPamhooks(value, extensible))) {
    throw new ConfigurationError(`cluster ${shown(name)} has an extension ${EXTENSION} of another plugin`, UNCHANGED);
  }
  const place = ['clusters', entry.at, 'cluster', 'extensions', at];
  if (value === undefined) set(draft, file, place, { name: EXTENSION, extension });
  else update(draft, file, [...place, 'extension'], value, extension);
}

function planUser(draft: Draft, { user, exec }: Wanted): void {
  const found = find(draft.files, 'users', user);
  if (found === undefined) {
    add(draft, 'users', user, { exec });
    return;
  }
  const { file, entry } = found;
  const before = entry.body['exec'];
  if (Object.keys(entry.body).length === 0) {
    set(draft, file, ['users', entry.at, 'user', 'exec'], exec);
    return;
  }
  if (!isOurs(entry.body) || !isObject(before)) {
    throw new ConfigurationError(`user ${shown(user)} logs in another way`, `${UNCHANGED}: give another --user`);
  }
  // The rest, env for one, is the person's own.
  for (const [name, value] of Object.entries(exec)) {
    if (!isDeepStrictEqual(before[name], value)) set(draft, file, ['users', entry.at, 'user', 'exec', name], value);
  }
}

function planContext(draft: Draft, name: string, context: { readonly cluster: string; readonly user: string }): void {
  const found = find(draft.files, 'contexts', name);
  if (found === undefined) {
    add(draft, 'contexts', name, context);
    return;
  }
  const { file, entry } = found;
  const { cluster } = entry.body;
  if (cluster !== context.cluster && cluster) {
    const says = `context ${shown(name)} is for the cluster ${shown(String(cluster))}`;
    throw new ConfigurationError(says, `${UNCHANGED}: give another --context`);
  }
  for (const [member, value] of Object.entries(context)) {
    if (entry.body[member] !== value) set(draft, file, ['contexts', entry.at, 'context', member], value);
  }
}

/** The user may serve clusters of which this command was told nothing: they keep their pamhook. */
function checkOtherClusters(files: readonly Kubeconfig[], { user, clusters, extensible }: Wanted): void {
  const given = new Set(clusters.map(({ name }) => name));
  const others = allOf(files, 'contexts')
    .filter(({ body }) => body['user'] === user)
    .map(({ body }) => String(body['cluster']))
    .filter((name) => !given.has(name));
  for (const name of others) {
    const extension = extensionOf(find(files, 'clusters', name)?.entry.body ?? {})?.value;
    if (given.size === 0 && isPamhooks(extension, extensible) && extension['server'] !== undefined) {
      throw new ConfigurationError(
        `user ${shown(user)} finds the pamhook of cluster ${shown(name)} with that cluster`,
        `${UNCHANGED}: give --cluster, or another --user`,
      );
    }
    if (given.size > 0 && hasSettings(find(files, 'users', user)?.entry.body ?? {})) {
      throw new ConfigurationError(
        `user ${shown(user)} serves cluster ${shown(name)} too, with settings of its own`,
        `${UNCHANGED}: give --cluster ${name} too, or another --user`,
      );
    }
  }
}

/** Whether the exec block has more than the command. */
function hasSettings({ exec }: JsonObject): boolean {
  return isObject(exec) && Array.isArray(exec['args']) && exec['args'].length > 1;
}

function noCluster(files: readonly Kubeconfig[], name: string): ConfigurationError {
  const names = allOf(files, 'clusters').map((cluster) => shown(cluster.name));
  const there =
    names.length === 0 ? 'there is none yet: kubectl config set-cluster makes one' : `there are ${list(names)}`;
  return new ConfigurationError(`no kubeconfig has a cluster ${shown(name)}`, there);
}

/** As many as a person reads. */
function list(names: readonly string[]): string {
  return names.length > MOST_SHOWN ? `${names.slice(0, MOST_SHOWN).join(', ')}, ...` : names.join(', ');
}

function set({ changes }: Draft, { path }: Kubeconfig, place: Path, value: unknown): void {
  changes.set(path, [...(changes.get(path) ?? []), { path: place, value }]);
}

/** A new entry, behind those that are there or were added just now. */
function add(draft: Draft, entries: List, name: string, body: JsonObject): void {
  const { changes, fallback } = draft;
  const next = fallback[entries].length;
  const added = (changes.get(fallback.path) ?? []).filter(
    ({ path: [top, at] }) => top === entries && Number(at) >= next,
  );
  set(draft, fallback, [entries, next + added.length], { name, [MEMBER[entries]]: body });
}

/** Member by member, so that what is said beside them stays; anew, where one has to go. */
function update(draft: Draft, file: Kubeconfig, place: Path, before: JsonObject, after: JsonObject): void {
  if (Object.keys(before).some((name) => !Object.hasOwn(after, name))) {
    set(draft, file, place, after);
    return;
  }
  for (const [name, value] of Object.entries(after)) {
    if (!isDeepStrictEqual(before[name], value)) set(draft, file, [...place, name], value);
  }
}
