/** The one door to the addon: loads it, checks what goes in, names what goes wrong; in the supervisor, the front and the PAM worker. */
import { createRequire } from 'node:module';
import { isIP } from 'node:net';
import { ConfigurationError } from '../errors.js';
import { packageRoot } from '../package-root.js';
import { addonCure } from './addon-cure.js';
import { checkBuffer, checkId, checkInteger, checkResponse, checkText, MAX_RESPONSES } from './arguments.js';
import type { Native, PamTransaction, PasswdEntry } from './native.js';
import { orNssFailed, withCode } from './system-error.js';

/** What src/native/*.cc export. */
interface Addon
  extends Pick<
    Native,
    | 'pamTransaction'
    | 'lookupUser'
    | 'lookupGroup'
    | 'secretBuffer'
    | 'lockMemory'
    | 'trimHeap'
    | 'forbidCoreDumps'
    | 'wipeEnvironmentVariable'
    | 'setParentDeathSignal'
    | 'tieHelpers'
    | 'setChildSubreaper'
    | 'reap'
    | 'reapAll'
    | 'canRegainPrivileges'
    | 'listen'
    | 'adoptListener'
    | 'refuseNewConnections'
    | 'waitingConnections'
    | 'writeNow'
    | 'sendNotice'
  > {
  groupsOf(name: string, gid: number): ReturnType<Native['groupsOf']>;
  setNoNewPrivileges(): boolean;
  dropPrivileges(uid: number, gid: number, groups: readonly number[]): void;
}

const MAX_PATH = 4095;
const MAX_GROUPS = 65_536;
const MAX_SECRET = 1 << 20;
/** sun_path, without its NUL. */
const MAX_SOCKET_PATH = 107;
const MAX_NOTICE = 4096;

function loadAddon(): Addon {
  const require = createRequire(import.meta.url);
  try {
    return require('node-gyp-build')(packageRoot);
  } catch (error) {
    const reason = error instanceof Error ? (error.message.split('\n', 1)[0] ?? '') : String(error);
    throw new ConfigurationError(`the native addon cannot be loaded: ${reason}`, addonCure(reason, packageRoot), {
      cause: error,
    });
  }
}

function checkTransaction(transaction: PamTransaction): void {
  checkText('service', transaction.service);
  checkText('user', transaction.user);
  if (transaction.remoteHost !== undefined) checkText('remoteHost', transaction.remoteHost);
  checkText('tty', transaction.tty);
  if (transaction.configDir !== undefined) checkText('configDir', transaction.configDir, MAX_PATH);
  if (!Array.isArray(transaction.responses)) throw new TypeError('responses must be an array');
  checkInteger('responses.length', transaction.responses.length, 0, MAX_RESPONSES);
  transaction.responses.forEach((response, index) => {
    checkResponse(`responses[${index}]`, response);
  });
}

function pamOf(addon: Addon): Pick<Native, 'pamTransaction'> {
  return {
    pamTransaction(transaction) {
      checkTransaction(transaction);
      return withCode(() => addon.pamTransaction(transaction));
    },
  };
}

function lookupsOf(addon: Addon): Pick<Native, 'lookupUser' | 'lookupGroup' | 'groupsOf'> {
  return {
    lookupUser(name) {
      checkText('name', name);
      return orNssFailed(addon.lookupUser(name), 'the user');
    },
    lookupGroup(name) {
      checkText('name', name);
      return orNssFailed(addon.lookupGroup(name), 'the group');
    },
    groupsOf(user: PasswdEntry) {
      checkText('user.name', user.name);
      checkId('user.gid', user.gid);
      return orNssFailed(addon.groupsOf(user.name, user.gid), "the user's groups");
    },
  };
}

function memoryOf(addon: Addon): Pick<Native, 'secretBuffer' | 'lockMemory' | 'trimHeap' | 'forbidCoreDumps'> {
  return {
    secretBuffer(size) {
      checkInteger('size', size, 1, MAX_SECRET);
      return withCode(() => addon.secretBuffer(size));
    },
    lockMemory: () => withCode(() => addon.lockMemory()),
    trimHeap: () => withCode(() => addon.trimHeap()),
    forbidCoreDumps: () => withCode(() => addon.forbidCoreDumps()),
  };
}

type ProcessControls = Pick<
  Native,
  'wipeEnvironmentVariable' | 'setParentDeathSignal' | 'tieHelpers' | 'setChildSubreaper' | 'reap' | 'reapAll'
>;

function processOf(addon: Addon): ProcessControls {
  return {
    wipeEnvironmentVariable(name) {
      checkText('name', name);
      withCode(() => addon.wipeEnvironmentVariable(name));
    },
    setParentDeathSignal(signal) {
      checkInteger('signal', signal, 0, 64);
      withCode(() => addon.setParentDeathSignal(signal));
    },
    tieHelpers: () => withCode(() => addon.tieHelpers()),
    setChildSubreaper: () => withCode(() => addon.setChildSubreaper()),
    reapAll: () => withCode(() => addon.reapAll()),
    reap(pid) {
      checkInteger('pid', pid, 1, 2 ** 31 - 1);
      return withCode(() => addon.reap(pid));
    },
  };
}

type PrivilegeControls = Pick<Native, 'setNoNewPrivileges' | 'dropPrivileges' | 'canRegainPrivileges'>;

/** Id 0 is no drop, so it is refused rather than done. */
function privilegesOf(addon: Addon): PrivilegeControls {
  return {
    setNoNewPrivileges: () => (withCode(() => addon.setNoNewPrivileges()) ? 'all threads' : 'this thread'),
    dropPrivileges({ uid, gid, groups }) {
      checkId('uid', uid, 1);
      checkId('gid', gid, 1);
      if (!Array.isArray(groups)) throw new TypeError('groups must be an array');
      checkInteger('groups.length', groups.length, 0, MAX_GROUPS);
      groups.forEach((group, index) => {
        checkId(`groups[${index}]`, group, 1);
      });
      withCode(() => addon.dropPrivileges(uid, gid, groups));
    },
    canRegainPrivileges: () => addon.canRegainPrivileges(),
  };
}

function descriptorsOf(addon: Addon): Pick<Native, 'listen' | 'writeNow'> {
  return {
    listen(address, port, backlog) {
      const numeric = address === 'localhost' ? '127.0.0.1' : address;
      if (numeric !== '' && isIP(numeric) === 0)
        throw new TypeError('address must be empty, an IP address or localhost');
      checkInteger('port', port, 0, 65_535);
      checkInteger('backlog', backlog, 1, 65_535);
      return withCode(() => addon.listen(numeric, port, backlog));
    },
    writeNow(fd, data) {
      checkInteger('fd', fd, 0, 2 ** 31 - 1);
      checkBuffer('data', data);
      return withCode(() => addon.writeNow(fd, data));
    },
  };
}

type ListenerControls = Pick<Native, 'adoptListener' | 'refuseNewConnections' | 'waitingConnections'>;

function listenerOf(addon: Addon): ListenerControls {
  const checked =
    <T>(call: (fd: number) => T) =>
    (fd: number): T => {
      checkInteger('fd', fd, 0, 2 ** 31 - 1);
      return withCode(() => call(fd));
    };
  return {
    adoptListener: checked(addon.adoptListener),
    refuseNewConnections: checked(addon.refuseNewConnections),
    waitingConnections: checked(addon.waitingConnections),
  };
}

function noticesOf(addon: Addon): Pick<Native, 'sendNotice'> {
  return {
    sendNotice(socket, text) {
      checkText('socket', socket, MAX_SOCKET_PATH);
      checkText('text', text, MAX_NOTICE);
      return withCode(() => addon.sendNotice(socket, text));
    },
  };
}

/** Loads the addon built for this machine. Throws ConfigurationError where there is none. */
export function loadNative(): Native {
  const addon = loadAddon();
  return {
    ...pamOf(addon),
    ...lookupsOf(addon),
    ...memoryOf(addon),
    ...processOf(addon),
    ...privilegesOf(addon),
    ...descriptorsOf(addon),
    ...listenerOf(addon),
    ...noticesOf(addon),
  };
}
