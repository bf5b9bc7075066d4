#!/usr/bin/env node
/** The entry point of `kubectl-pamhook`, which kubectl runs for `kubectl pamhook`. */
import { readEnvironment } from './io.js';
import { runPlugin } from './run.js';

const { stdout, stderr } = process;
process.exit(
  await runPlugin(process.argv.slice(2), {
    program: 'kubectl pamhook',
    environment: readEnvironment(),
    // Opened when it is read.
    get stdin() {
      return process.stdin;
    },
    stdout,
    stderr,
    now: Date.now,
  }),
);
