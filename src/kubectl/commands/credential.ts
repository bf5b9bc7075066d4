/** `pamhook credential`: the credential plugin, which kubectl runs for each of its commands. */
import { settingsAskedByKubectl } from '../asked-settings.js';
import type { ClientIo } from '../io.js';
import { currentToken } from '../token.js';

/** Resolves to the exit code. Throws ConfigurationError, LoginFailure. */
export async function runCredential(argv: readonly string[], io: ClientIo): Promise<number> {
  const asked = await settingsAskedByKubectl(argv, io);
  if (typeof asked === 'string') {
    io.stdout.write(asked);
    return 0;
  }
  const { token, expirationTimestamp } = await currentToken(asked.settings, io);
  const { apiVersion } = asked.execInfo;
  const credential = { kind: 'ExecCredential', apiVersion, spec: {}, status: { expirationTimestamp, token } };
  io.stdout.write(`${JSON.stringify(credential)}\n`);
  return 0;
}
