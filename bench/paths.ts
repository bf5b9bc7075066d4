/** Where things lie. */
import { fileURLToPath } from 'node:url';

/** Of the project; ends with a slash. */
export const ROOT = fileURLToPath(new URL('../../', import.meta.url));
export const MAIN = `${ROOT}dist/cli/main.js`;
/** Sources of the load programs. */
export const LOAD = `${ROOT}bench/load/`;
export const RESULTS = `${ROOT}bench/results/`;
