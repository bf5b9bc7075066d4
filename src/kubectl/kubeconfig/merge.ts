/** Changes made in the files of a kubeconfig, all or none of them; used by `pamhook kubeconfig`. */
import { edited } from './edited.js';
import { type KubeconfigFile, type Prepared, prepare, readKubeconfig } from './file.js';
import { kubeconfigIn } from './kubeconfig.js';
import type { Locations } from './locations.js';
import { type Plan, plan, type Wanted } from './plan.js';
import { parseSource } from './source.js';

export interface Merged {
  readonly file: KubeconfigFile;
  readonly text: string;
}

/** Reads all files and writes none. Only those that change are in the result. Throws ConfigurationError, and Node's errors. */
export function merge({ files, fallback }: Locations, wanted: Wanted): readonly Merged[] {
  const read = files.map(readKubeconfig);
  const configs = read.map(({ path, text }) => kubeconfigIn(parseSource(text, path).value, path));
  const [first] = configs;
  const target = configs.find(({ path }) => path === fallback) ?? first;
  const changes: Plan = target === undefined ? new Map() : plan(configs, target, wanted);
  return read.flatMap((file) => {
    const own = changes.get(file.path);
    return own === undefined ? [] : [{ file, text: edited(headed(file.text), file.path, own) }];
  });
}

/** A new file says what it is. */
function headed(text: string): string {
  return text === '' ? 'apiVersion: v1\nkind: Config\n' : text;
}

/** All are on the disk before the first takes its place. Throws Node's errors. */
export function write(merged: readonly Merged[]): void {
  const prepared: Prepared[] = [];
  try {
    for (const { file, text } of merged) prepared.push(prepare(file, text));
    for (const each of prepared) each.put();
  } finally {
    for (const each of prepared) each.drop();
  }
}
