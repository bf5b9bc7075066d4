/** Which files kubectl reads and which it would write, by client-go's rules (tools/clientcmd, PathOptions); used by `pamhook kubeconfig` and completion. */
import { delimiter, join } from 'node:path';

export interface Locations {
  /** The first that has an entry is the one that counts. */
  readonly files: readonly string[];
  /** Gets what is new. */
  readonly fallback: string;
}

export interface Surroundings {
  /** --kubeconfig. */
  readonly explicit: string | undefined;
  /** $KUBECONFIG. */
  readonly variable: string | undefined;
  readonly home: string;
  readonly exists: (path: string) => boolean;
}

/** One file that is named, else all in $KUBECONFIG, else ~/.kube/config. What is new goes to the first that is there, else to the last. */
export function locate({ explicit, variable = '', home, exists }: Surroundings): Locations {
  if (explicit !== undefined) return { files: [explicit], fallback: explicit };
  const listed = [...new Set(variable.split(delimiter).filter((path) => path !== ''))];
  const files = listed.length > 0 ? listed : [join(home, '.kube', 'config')];
  const [first = ''] = files;
  return { files, fallback: files.find(exists) ?? files.at(-1) ?? first };
}
