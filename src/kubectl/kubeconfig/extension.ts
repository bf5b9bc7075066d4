/** The cluster's extension `client.authentication.k8s.io/exec`, which tells the credential plugin where that cluster's pamhook is. */
import { isObject, type JsonObject } from '../json.js';
import { EXTENSION } from '../sources.js';

export interface FoundExtension {
  /** Its place in the list; the next free one, where there is none. */
  readonly at: number;
  /** undefined: there is none. */
  readonly value: unknown;
}

/** undefined: the cluster's extensions are no list. */
export function extensionOf(cluster: JsonObject): FoundExtension | undefined {
  const list = cluster['extensions'] ?? [];
  if (!Array.isArray(list)) return undefined;
  const at = list.findIndex((each) => isObject(each) && each['name'] === EXTENSION);
  if (at === -1) return { at: list.length, value: undefined };
  const found: unknown = list[at];
  return { at, value: isObject(found) ? (found['extension'] ?? {}) : {} };
}

/** Whether it is pamhook's: other plugins use the same name. `known`: what may stand in it. */
export function isPamhooks(value: unknown, known: ReadonlySet<string>): value is JsonObject {
  if (!isObject(value)) return false;
  const names = Object.keys(value);
  return names.length === 0 || (typeof value['server'] === 'string' && names.every((name) => known.has(name)));
}
