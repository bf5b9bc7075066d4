/** The entry of `make bench-docs`. */
import { writeBenchFiles } from './docs.js';

writeBenchFiles();
