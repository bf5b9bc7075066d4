/** `pamhook whoami`: whose token is kept for this server, and until when; asks nobody. */
import { settingsAskedByPerson } from '../asked-settings.js';
import { openCache } from '../cache/cache.js';
import type { ClientIo } from '../io.js';
import { printable } from '../printable.js';

/** Resolves to 0, or 1 when no token is kept that still lives. Throws ConfigurationError, LoginFailure. */
export async function runWhoami(argv: readonly string[], io: ClientIo): Promise<number> {
  const asked = await settingsAskedByPerson('whoami', argv, io);
  if (typeof asked === 'string') {
    io.stdout.write(asked);
    return 0;
  }
  const { settings, given } = asked;
  const kept = await (await openCache(settings, io)).read();
  if (kept === undefined || Date.parse(kept.expirationTimestamp) <= io.now()) {
    io.stderr.write(`${io.program} whoami: not logged in to ${settings.server.href}; ${io.program} login does that\n`);
    return 1;
  }
  const { username, server, expirationTimestamp } = kept;
  const { audience } = settings;
  if (given.output === 'json') {
    io.stdout.write(`${JSON.stringify({ username, server, audience, expirationTimestamp })}\n`);
    return 0;
  }
  const lines = [
    `username: ${username}`,
    `server: ${server}`,
    ...(audience.length > 0 ? [`audience: ${audience.join(', ')}`] : []),
    `until: ${expirationTimestamp}`,
  ];
  io.stdout.write(lines.map((line) => `${printable(line)}\n`).join(''));
  return 0;
}
