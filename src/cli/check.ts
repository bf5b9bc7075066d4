/** `pamhook check`: everything that can be wrong with a set-up, found in one run, each with its cure. */
import { forgetSecrets, readEnvironment } from '../config/environment.js';
import { readSettings } from '../config/read-settings.js';
import { version } from '../config/version.js';
import { loadNative } from '../native/binding.js';
import { accountFindings, shadowFinding } from './check/accounts.js';
import { CHECK_USAGE, type CheckArguments, parseCheckArguments } from './check/arguments.js';
import { auditLogFindings, clockFinding, configurationFindings } from './check/files.js';
import { type Finding, fault, type Setup } from './check/finding.js';
import { keyFindings } from './check/keys.js';
import { kubecfgFindings } from './check/kubecfg.js';
import { limitsStoreFindings } from './check/limits-store.js';
import { type LoginReport, loginFindings } from './check/login.js';
import { memoryFindings } from './check/memory.js';
import { metricsFindings } from './check/metrics.js';
import { moduleDirectories } from './check/pam-modules.js';
import { asks, pamFindings } from './check/pam-service.js';
import { portFindings } from './check/port.js';
import { count, jsonReport, textReport } from './check/report.js';
import { responsesFromStdin, responsesFromTerminal } from './check/responses.js';
import { clientCaFindings, tlsFindings } from './check/tls.js';
import { webhookFindings } from './check/webhook.js';
import type { CommandIo } from './command.js';

/** Resolves to 0, or 1 when there is a fault. Throws ConfigurationError. `now`: milliseconds since the epoch. */
export async function runCheck(argv: readonly string[], io: CommandIo, now: () => number = Date.now): Promise<number> {
  const own = parseCheckArguments(argv);
  const { webhook, output, serve } = own;
  if (webhook !== undefined && serve.length === 0) return show(await webhookFindings(webhook, io, now()), output, io);
  const invocation = readSettings({ argv: own.serve, env: readEnvironment() });
  switch (invocation.mode) {
    case 'help':
      io.stdout.write(CHECK_USAGE);
      return 0;
    case 'version':
      io.stdout.write(`pamhook ${version}\n`);
      return 0;
    case 'print-config':
      io.stdout.write(invocation.printable);
      return 0;
    case 'serve': {
      const native = loadNative();
      forgetSecrets(native.wipeEnvironmentVariable);
      const isRoot = process.geteuid?.() === 0;
      return check(own, { ...invocation, hostNames: own.hostNames, native, isRoot, now }, io);
    }
  }
}

function show(
  findings: readonly Finding[],
  output: CheckArguments['output'],
  io: CommandIo,
  login?: LoginReport,
): number {
  io.stdout.write((output === 'json' ? jsonReport : textReport)(findings, login));
  return count(findings, 'fault') > 0 ? 1 : 0;
}

async function check({ user, passwordStdin, output }: CheckArguments, setup: Setup, io: CommandIo): Promise<number> {
  const { found, canLogIn } = await setupFindings(setup);
  const responses = passwordStdin ? responsesFromStdin(setup.native) : responsesFromTerminal(setup.native);
  const login = user === undefined || !canLogIn ? undefined : await loginFindings(user, responses, setup);
  const findings = [...found, ...(user === undefined ? [] : (login?.findings ?? [notTried()]))];
  return show(findings, output, io, login?.report);
}

async function setupFindings(setup: Setup): Promise<{ found: Finding[]; canLogIn: boolean }> {
  const pam = await pamFindings(setup, moduleDirectories());
  const found = [
    ...configurationFindings(setup),
    ...(await memoryFindings(setup)),
    ...(await tlsFindings(setup)),
    ...(await clientCaFindings(setup)),
    ...(await keyFindings(setup)),
    ...(await kubecfgFindings(setup)),
    ...(await limitsStoreFindings(setup)),
    ...(await metricsFindings(setup)),
    ...pam.findings,
    shadowFinding(setup, pam.stack !== undefined && asks(pam.stack, 'pam_unix.so')),
    ...(await accountFindings(setup)),
    ...(await portFindings(setup)),
    ...(await auditLogFindings(setup)),
    clockFinding(setup.now()),
  ];
  return { found, canLogIn: pam.stack?.broken.length === 0 };
}

/** libpam would ask `other`, or follow a file that includes itself until it crashes. */
function notTried(): Finding {
  return fault(
    'login',
    'not tried: the PAM service file is missing or broken',
    'correct what is said of pam-service first',
  );
}
