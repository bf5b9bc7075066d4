/** Whether there is somebody at a desktop, whose session has a keyring and can unlock it. */
import { existsSync } from 'node:fs';
import type { Environment } from '../io.js';

/** macOS and Windows have theirs everywhere. Elsewhere a bus alone is not enough: a server has one for each login, and no keyring. */
export function findsKeyring(environment: Environment, platform = process.platform): boolean {
  if (platform === 'darwin' || platform === 'win32') return true;
  if (!environment['DISPLAY'] && !environment['WAYLAND_DISPLAY']) return false;
  const { DBUS_SESSION_BUS_ADDRESS: address, XDG_RUNTIME_DIR: directory } = environment;
  return Boolean(address) || (Boolean(directory) && existsSync(`${directory}/bus`));
}
