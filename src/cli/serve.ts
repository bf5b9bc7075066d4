/** `pamhook serve`: reads the configuration, then becomes the supervisor. */
import { isatty } from 'node:tty';
import {
  childEnvironment,
  type Environment,
  forgetSecrets,
  forgetVariables,
  readEnvironment,
} from '../config/environment.js';
import { helpText } from '../config/help.js';
import { handedOverSockets, handOverVariables } from '../config/inherited-socket.js';
import { notifySocket, notifyVariables } from '../config/notify-socket.js';
import { readSettings } from '../config/read-settings.js';
import type { Settings } from '../config/settings.js';
import { version } from '../config/version.js';
import { clientSummaries } from '../kubectl/summaries.js';
import { openAuditLog } from '../log/audit-log.js';
import { createLogger } from '../log/stderr-logger.js';
import { loadNative } from '../native/binding.js';
import { supervise } from '../privsep/supervisor.js';
import { type Command, type CommandIo, runCommand } from './command.js';

const STDERR = 2;

/**
 * The command, which tells its faults itself under this name: it is bundled apart from what loads it, and the classes of errors in one
 * bundle are not those of another.
 */
export function serveAs(name: string): Command {
  return (argv, io) => runCommand(name, runServe, argv, io);
}

/** Resolves to the exit code when the daemon has been told to stop. Throws ConfigurationError before anything listens. */
async function runServe(argv: readonly string[], io: CommandIo): Promise<number> {
  const environment = readEnvironment();
  const invocation = readSettings({ argv, env: environment });
  switch (invocation.mode) {
    case 'help':
      io.stdout.write(helpText(clientSummaries));
      return 0;
    case 'version':
      io.stdout.write(`pamhook ${version}\n`);
      return 0;
    case 'print-config':
      io.stdout.write(invocation.printable);
      return 0;
    case 'serve':
      return serve(invocation.settings, invocation.warnings, environment);
  }
}

function serve(settings: Settings, warnings: readonly string[], environment: Environment): Promise<number> {
  const native = loadNative();
  forgetSecrets(native.wipeEnvironmentVariable);
  const { warning, ...handedOver } = handedOverSockets(environment, process.pid);
  const notify = notifySocket(environment, process.pid);
  forgetVariables([...handOverVariables, ...notifyVariables]);
  const isTerminal = isatty(STDERR);
  const logFormat = settings.logFormat === 'auto' ? (isTerminal ? 'text' : 'json') : settings.logFormat;
  const log = createLogger({
    format: logFormat,
    verbosity: settings.verbosity,
    process: 'supervisor',
    isTerminal,
    write: native.writeNow,
  });
  for (const text of [...warnings, warning, notify.warning]) if (text !== undefined) log.warn(text);
  const openAudit = (destination: string) => openAuditLog({ destination, write: native.writeNow });
  return supervise(settings, {
    native,
    log,
    logFormat,
    openAudit,
    environment: childEnvironment(environment),
    handedOver,
    notify,
  });
}
