/** The version of this pamhook, read from package.json when the module loads: later a process may not open project files. */
import { readFileSync } from 'node:fs';
import { packageRoot } from '../package-root.js';

const manifest: { version: string } = JSON.parse(readFileSync(`${packageRoot}package.json`, 'utf8'));

export const version: string = manifest.version;
