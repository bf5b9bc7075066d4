/** `pamhook token`: the bare token, for what is no kubectl. */
import { settingsAskedByPerson } from '../asked-settings.js';
import type { ClientIo } from '../io.js';
import { currentToken } from '../token.js';

/** Resolves to the exit code. Throws ConfigurationError, LoginFailure. */
export async function runToken(argv: readonly string[], io: ClientIo): Promise<number> {
  const asked = await settingsAskedByPerson('token', argv, io);
  if (typeof asked === 'string') {
    io.stdout.write(asked);
    return 0;
  }
  const { token } = await currentToken(asked.settings, io);
  io.stdout.write(`${token}\n`);
  return 0;
}
