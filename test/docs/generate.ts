/** Writes the pages of the docs that are made from the code: run from the project's top after a build. */
import { writeFileSync } from 'node:fs';
import { pages } from './pages.js';

for (const [path, page] of Object.entries(pages)) writeFileSync(path, page());
