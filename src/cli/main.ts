#!/usr/bin/env node
/** The entry point of every pamhook command. */

const argv = process.argv.slice(2);
// Overwrites the process's argument area, where a key given as a flag would show in ps. Imports take tens of
// milliseconds: so this comes before them.
process.title = 'pamhook';

const { run } = await import('./run.js');
// Not by running out of work: Node 20 and 22 die at a natural exit with locked memory.
process.exit(await run(argv, process));
