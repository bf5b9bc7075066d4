/** `pamhook logout`: forgets the token, or with --all every one. */
import { parseClientArguments } from '../arguments.js';
import { settingsAskedByPerson } from '../asked-settings.js';
import { forgetAll, openCache } from '../cache/cache.js';
import type { ClientIo } from '../io.js';

/** Resolves to the exit code. Throws ConfigurationError, LoginFailure. */
export async function runLogout(argv: readonly string[], io: ClientIo): Promise<number> {
  const { all, help } = parseClientArguments(io.program, 'logout', argv);
  // Which server does not matter then, and need not be known.
  if (all === true && help !== true) {
    const count = await forgetAll(io);
    io.stdout.write(`Forgot ${count === 1 ? 'one token' : `${count} tokens`}\n`);
    return 0;
  }
  const asked = await settingsAskedByPerson('logout', argv, io);
  if (typeof asked === 'string') {
    io.stdout.write(asked);
    return 0;
  }
  const { username, server } = asked.settings;
  const forgot = await (await openCache(asked.settings, io)).forget();
  io.stdout.write(`${forgot ? 'Forgot the token' : 'There was no token'} of ${username} at ${server.href}\n`);
  return 0;
}
