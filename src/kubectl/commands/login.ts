/** `pamhook login`: a new token, whatever is kept, for the commands that follow. */
import { ConfigurationError } from '../../errors.js';
import { settingsAskedByPerson } from '../asked-settings.js';
import type { ClientIo } from '../io.js';
import { printable } from '../printable.js';
import { newToken } from '../token.js';

/** Resolves to the exit code. Throws ConfigurationError, LoginFailure. */
export async function runLogin(argv: readonly string[], io: ClientIo): Promise<number> {
  const asked = await settingsAskedByPerson('login', argv, io);
  if (typeof asked === 'string') {
    io.stdout.write(asked);
    return 0;
  }
  const { settings } = asked;
  if (settings.cache === 'none') {
    throw new ConfigurationError('nothing would be kept of a login without a cache', 'choose --cache keyring or file');
  }
  const { username, server, expirationTimestamp } = await newToken(settings, io);
  io.stdout.write(`Logged in to ${printable(server)} as ${printable(username)} until ${expirationTimestamp}\n`);
  return 0;
}
