/** Stub */
import type { KeptToken } from '../cache/entry.js';
import type { ClientIo } from '../io.js';
import type { ClientSettings } from '../settings.js';

export async function logIn(_settings: ClientSettings, _io: ClientIo): Promise<KeptToken> {
  throw new Error('not yet');
}
