/** Who besides its owner may read or change a key file; judged by the supervisor before it reads one. */

const OTHERS_ANY = 0o007;
const GROUP_WRITE = 0o020;
const GROUP_READ = 0o040;

/** The part of `fs.Stats` that counts. */
export interface FileMode {
  readonly mode: number;
}

/** A fault that ends the start (exit code 2), in words to follow the file's name; undefined: none. */
export function keyFilePermissionFault({ mode }: FileMode): string | undefined {
  if (mode & OTHERS_ANY) return `is open to others (mode ${octal(mode)})`;
  if (mode & GROUP_WRITE) return `can be changed by its group (mode ${octal(mode)})`;
  return undefined;
}

/** A group may read on purpose (Kubernetes mounts Secrets so with `fsGroup`): worth a line, not a refusal. */
export function keyFilePermissionWarning({ mode }: FileMode): string | undefined {
  return mode & GROUP_READ ? `can be read by its group (mode ${octal(mode)})` : undefined;
}

function octal(mode: number): string {
  return (mode & 0o777).toString(8).padStart(4, '0');
}
