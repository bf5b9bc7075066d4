/** What `pamhook kubeconfig` changes in a file, as paths and values, and what the file then means. */
import { isObject } from '../json.js';

/** From the top of the file: keys of maps, and places in lists, of which one may be the next free one. */
export type Path = readonly (string | number)[];

export interface Change {
  readonly path: Path;
  readonly value: unknown;
}

/** The value with the change in it; maps and lists on the way are made, null counts as none. The given value stays as it is. */
export function changed(value: unknown, { path, value: wanted }: Change): unknown {
  const [step, ...rest] = path;
  if (step === undefined) return wanted;
  const inner = { path: rest, value: wanted };
  if (typeof step === 'number') {
    const list: unknown[] = Array.isArray(value) ? [...value] : [];
    list[step] = changed(list[step], inner);
    return list;
  }
  const map = isObject(value) ? value : {};
  return { ...map, [step]: changed(Object.hasOwn(map, step) ? map[step] : undefined, inner) };
}
