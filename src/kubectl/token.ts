/** The token for the settings: the kept one while it lives, else a new one, for which one command of many asks. */
import { openCache } from './cache/cache.js';
import type { KeptToken } from './cache/entry.js';
import type { ClientIo } from './io.js';
import type { ClientSettings } from './settings.js';

/** Milliseconds that a kept token must still live. */
export const LEAST_LIFE = 60_000;

/** Throws LoginFailure. */
export async function currentToken(settings: ClientSettings, io: ClientIo): Promise<KeptToken> {
  const cache = await openCache(settings, io);
  const reusable = async () => {
    const kept = await cache.read();
    return kept !== undefined && Date.parse(kept.expirationTimestamp) - io.now() >= LEAST_LIFE ? kept : undefined;
  };
  const kept = await reusable();
  if (kept !== undefined) return kept;
  const { withLock } = await import('./cache/lock.js');
  const onWait = () => {
    io.stderr.write(`${io.program}: waiting for the login of another command\n`);
  };
  return withLock({ ...cache, onWait }, reusable, () => logInAndKeep(settings, io, cache));
}

/** Whatever is kept. Throws LoginFailure. */
export async function newToken(settings: ClientSettings, io: ClientIo): Promise<KeptToken> {
  return logInAndKeep(settings, io, await openCache(settings, io));
}

async function logInAndKeep(
  settings: ClientSettings,
  io: ClientIo,
  cache: Awaited<ReturnType<typeof openCache>>,
): Promise<KeptToken> {
  const { logIn } = await import('./login/login.js');
  const token = await logIn(settings, io);
  await cache.write(token);
  return token;
}
