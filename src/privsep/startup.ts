/** Reads and checks everything before anything listens; each fault names file, option and cure. Runs in the supervisor. */
import type { HandedOverSockets } from '../config/inherited-socket.js';
import type { HeaderSettings, Settings } from '../config/settings.js';
import { ConfigurationError } from '../errors.js';
import { within } from '../identity/timeout.js';
import type { Logger } from '../log/logger.js';
import type { Native, PasswdEntry } from '../native/native.js';
import { findServiceFile } from '../pam/service-file.js';
import { readClientCa } from './ca-file.js';
import { boundsOf, webhookBoundsOf } from './connection-bounds.js';
import { descriptorLimit } from './descriptor-limit.js';
import { requireFits } from './frame-size.js';
import { readKeys, readTls } from './key-files.js';
import { type Listening, openListening, openWebhookListening } from './listening.js';
import type { KeySet } from './live-keys.js';
import { type PreparedMetrics, prepareMetrics } from './metrics-startup.js';
import { policyOf, vouchingOf, warnOfMissingGroups } from './policies.js';
import type {
  Account,
  FrontConfiguration,
  StoreConfiguration,
  TemplateFrame,
  WorkerConfiguration,
} from './protocol.js';
import { readStoreFiles } from './store-files.js';
import { readTemplate, templateFrames } from './template-file.js';

/** All that the processes need, read once. */
export interface Prepared {
  readonly keys: KeySet;
  readonly front: FrontConfiguration;
  readonly worker: WorkerConfiguration;
  /** Of kubecfg-template. Absent: there is none. */
  readonly template?: readonly TemplateFrame[];
  /** Absent: each replica counts failed logins alone. */
  readonly store?: StoreConfiguration;
  /** Absent: none are served. */
  readonly metrics?: PreparedMetrics;
  readonly listening: Listening;
  /** Absent: reviews are asked for on the same socket. */
  readonly webhookListening?: Listening;
}

export interface Surroundings {
  readonly native: Native;
  readonly log: Logger;
  readonly logFormat: 'text' | 'json';
  readonly isRoot: boolean;
  readonly pid: number;
  /** Listening sockets that another process opened. */
  readonly handedOver: HandedOverSockets;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

/** Throws ConfigurationError for the first fault found; then nothing listens and nothing was started. */
export async function prepare(settings: Settings, around: Surroundings): Promise<Prepared> {
  const { clientCaFile } = settings;
  const tls = {
    ...readTls(settings, around),
    ...(clientCaFile === undefined ? {} : { clientCa: readClientCa(clientCaFile, around) }),
  };
  const keys = readKeys(settings, around);
  const { kubecfgTemplate, publicUrl, headers } = settings;
  const template = kubecfgTemplate && templateFrames(readTemplate(kubecfgTemplate, publicUrl, around.log));
  const vouching = vouchingOf(settings);
  checkPam(settings, around);
  void warnOfMissingGroups(settings.allowGroups, around);
  const account = await chooseAccount(settings, around);
  const lockMemory = lockOwnMemory(settings, around);
  const common = {
    kind: 'configure' as const,
    logging: { format: around.logFormat, verbosity: settings.verbosity },
    token: {
      issuer: settings.serverName,
      audience: settings.audience,
      requireAudience: settings.requireAudience,
      defaultLifetime: settings.tokenExpiresIn * 60,
      maxLifetime: Math.floor(settings.maxLifetime / 1000),
      claims: settings.tokenClaims,
      policy: policyOf(settings),
      ...(vouching && { vouching }),
    },
    lockMemory,
    supervisorPid: around.pid,
  };
  const limit = descriptorLimit();
  const hasWebhook = settings.webhook !== undefined || around.handedOver.webhookFd !== undefined;
  const webhook = hasWebhook ? webhookBoundsOf(settings.connections, limit) : undefined;
  const front: FrontConfiguration = {
    ...common,
    tls,
    clientCaSubject: settings.clientCaSubject,
    verificationKeys: [keys.verification, ...keys.others],
    ...(account === undefined ? {} : { account }),
    bounds: boundsOf(settings.connections, limit - (webhook?.connections ?? 0), around.log),
    ...(webhook === undefined ? {} : { webhook }),
    loginQueue: settings.loginQueue,
    refusalDelay: settings.refusalDelay,
    ...(settings.passwordHelp === undefined ? {} : { passwordHelp: settings.passwordHelp }),
    trustedProxies: settings.trustedProxies,
    identityCacheTtl: settings.identityCacheTtl,
    identityTimeout: settings.identityTimeout,
    identityStaleFor: settings.identityStaleFor,
    counts: settings.metricsBind !== undefined,
    ...(publicUrl === undefined ? {} : { publicUrl }),
    hasTemplate: template !== undefined,
    ...(headers && { headers: headersOf(headers) }),
    ...(settings.reviewAccountCheck ? { accountCheckTtl: settings.accountCheckTtl } : {}),
  };
  const worker: WorkerConfiguration = {
    ...common,
    signingKey: keys.signing,
    pamServiceName: settings.pamServiceName,
    accountCheckService: settings.accountCheckService ?? settings.pamServiceName,
    nicer: settings.pamWorkerNice,
    identityTimeout: settings.identityTimeout,
    ...(settings.pamConfigDir === undefined ? {} : { pamConfigDir: settings.pamConfigDir }),
  };
  requireFits(front, worker);
  const store = await prepareStore(settings, around, front);
  const metrics = prepareMetrics(settings, around, front, await metricsAccount(settings, around));
  const listening = openListening(settings, around);
  const webhookListening = openWebhookListening(settings, around);
  const optional = {
    ...(template && { template }),
    ...(store && { store }),
    ...(metrics && { metrics }),
    ...(webhookListening && { webhookListening }),
  };
  return { keys, front, worker, listening, ...optional };
}

function headersOf({ user, groups, delimiter }: HeaderSettings): NonNullable<FrontConfiguration['headers']> {
  return { user, ...(groups === undefined ? {} : { groups }), delimiter };
}

/** Throws ConfigurationError. */
async function prepareStore(
  settings: Settings,
  around: Surroundings,
  { kind, logging, lockMemory, supervisorPid, account }: FrontConfiguration,
): Promise<StoreConfiguration | undefined> {
  const { limitsStore: address, limitsStoreRunAs: runAs, loginLimits: rule } = settings;
  if (address === undefined || rule === undefined) return undefined;
  const own =
    runAs === undefined ? account : await chooseAccount({ ...settings, runAs }, around, 'limits-store-run-as');
  const common = { kind, logging, lockMemory, supervisorPid, ...(own === undefined ? {} : { account: own }) };
  return { ...common, address, rule, ...readStoreFiles(settings, around) };
}

/** undefined: that of the front. Throws ConfigurationError. */
async function metricsAccount(settings: Settings, around: Surroundings): Promise<Account | undefined> {
  const { metricsBind, metricsRunAs: runAs } = settings;
  if (metricsBind === undefined || runAs === undefined) return undefined;
  return chooseAccount({ ...settings, runAs }, around, 'metrics-run-as');
}

function checkPam(settings: Settings, { log, isRoot }: Surroundings): void {
  requireServiceFiles(settings);
  if (!isRoot) log.warn('not started as root: pam_unix can check only the password of this user');
}

/** The paths of the PAM service files. Throws ConfigurationError. */
export function requireServiceFiles(settings: Settings): string[] {
  const { pamServiceName, accountCheckService = pamServiceName, pamConfigDir } = settings;
  return [
    requireServiceFile('pam-service-name', pamServiceName, pamConfigDir),
    requireServiceFile('account-check-service', accountCheckService, pamConfigDir),
  ];
}

/** The path of the PAM service file. Throws ConfigurationError. */
export function requireServiceFile(option: string, service: string, configDir: string | undefined): string {
  const file = findServiceFile(service, configDir);
  if (file !== undefined) return file;
  throw new ConfigurationError(
    `${option}: no PAM service file for ${JSON.stringify(service)} in ${configDir ?? '/etc/pam.d'}`,
    'create it (pam.d-examples has some), since libpam would silently use the service "other"',
  );
}

/** undefined: an ordinary user started the daemon, and there is nothing to drop. Throws ConfigurationError. */
export async function chooseAccount(
  { runAs, identityTimeout }: Pick<Settings, 'runAs' | 'identityTimeout'>,
  { native, log, isRoot }: Pick<Surroundings, 'native' | 'log' | 'isRoot'>,
  option: 'run-as' | 'limits-store-run-as' | 'metrics-run-as' = 'run-as',
): Promise<Account | undefined> {
  if (!isRoot) {
    if (runAs !== undefined) log.warn(`${option} is ignored: only root can change to another account`);
    return undefined;
  }
  const lookUp = (name: string) => within(identityTimeout, () => native.lookupUser(name));
  const entry = await lookUp(runAs ?? 'pamhook').catch((fault: unknown) => {
    if (runAs !== undefined) throw fault;
    log.warn('run-as: whether there is an account pamhook cannot be told', { fault });
    return undefined;
  });
  if (entry !== undefined) return unprivileged(entry, `${option} ${entry.name}`);
  if (runAs !== undefined) {
    throw new ConfigurationError(
      `${option}: there is no account ${JSON.stringify(runAs)}`,
      'create it as a system account, or name another',
    );
  }
  const nobody = await lookUp('nobody');
  if (nobody === undefined)
    throw new ConfigurationError(
      'run-as: there is neither an account pamhook nor nobody',
      'create pamhook as a system account',
    );
  log.warn('there is no account pamhook; the front runs as nobody, and other daemons of that uid could disturb it');
  return unprivileged(nobody, 'run-as nobody');
}

function unprivileged({ name, uid, gid }: PasswdEntry, origin: string): Account {
  if (uid === 0 || gid === 0)
    throw new ConfigurationError(`${origin}: uid or gid is 0`, 'name an unprivileged account');
  return { name, uid, gid };
}

/** Whether the other processes shall lock their memory too. Throws ConfigurationError. */
export function lockOwnMemory(
  { disableMlock }: Settings,
  { native, log, isRoot }: Pick<Surroundings, 'native' | 'log' | 'isRoot'>,
): boolean {
  native.forbidCoreDumps();
  if (disableMlock) return false;
  try {
    native.lockMemory();
    return true;
  } catch (fault) {
    if (isRoot) {
      throw new ConfigurationError(
        'disable-mlock: memory cannot be locked',
        'grant CAP_IPC_LOCK, or start with -disable-mlock',
        {
          cause: fault,
        },
      );
    }
    log.warn('memory is not locked: passwords and keys may reach swap', { fault });
    return false;
  }
}
