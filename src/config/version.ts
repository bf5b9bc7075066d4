/** The version of this pamhook, read from package.json when the module loads: later a process may not open project files. */
import { readFileSync } from 'node:fs';

const manifest: { version: string } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));

export const version: string = manifest.version;
