/** The entry of `bench/compare`. */
import { main } from './compare.js';

process.exitCode = main(process.argv.slice(2));
