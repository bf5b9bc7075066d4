/** Where pamhook is installed: the folder of its package.json, whether its code runs as it was compiled or bundled. */
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** A path that ends in a slash. */
export const packageRoot = fileURLToPath(find(new URL('../', import.meta.url)));

function find(folder: URL): URL {
  return existsSync(new URL('package.json', folder)) ? folder : find(new URL('../', folder));
}
