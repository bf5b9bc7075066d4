/** What `pamhook check` finds: one finding a fact, with its cure where it is none to leave as it is. */

import type { Settings } from '../../config/settings.js';
import { ConfigurationError } from '../../errors.js';
import type { Logger } from '../../log/logger.js';
import type { Native } from '../../native/native.js';
import type { HostName } from '../init/host-name.js';

/** All that findings are about. The names are stable: scripts match them. */
export const subjects = {
  configuration: 'the `--config` file: who may change it; warnings about options',
  certificate: 'cert-file: readable, for servers, usable by TLS',
  'certificate-chain': 'each certificate signed by the next, none missing or out of order, not self-signed',
  'certificate-names': 'subjectAltName, and whether it covers each `--hostname`',
  'certificate-dates': 'valid now, and for 14 days more',
  'client-ca': 'client-ca-file, where there is one: a root in force',
  'tls-key': 'key-file: its permissions, kind, and match with the certificate',
  'signing-key': 'signing-key or signing-key-file: kind, strength, permissions',
  'verification-keys': 'verification-key-files: each readable and fit',
  'kubecfg-template': 'kubecfg-template, where there is one: a kubeconfig with clusters, and no secret in it',
  'limits-store': 'limits-store, where there is one: its password and CA files, its account; not whether it answers',
  metrics: 'metrics-bind-address, where it is set: its certificate and key, its account',
  'pam-service': 'the service file and what it includes: present, well-formed, changed by no others',
  'pam-modules': 'each module that is named is there',
  'pam-auth': 'there are auth lines, and they do not let everybody in',
  'pam-account': 'there are account lines: without them expired accounts may get in',
  'pam-nullok': 'accounts without a password',
  'account-check-service': 'the service that reviews ask, where it is another: present',
  'pam-other': 'what libpam would do for a service without a file',
  shadow: 'whether pam_unix can read the passwords of all accounts',
  'user-database': 'NSS answers, and how fast',
  'run-as': 'the account of the process that faces the network',
  memory: 'whether memory can be locked',
  swap: 'whether memory may be written to disk',
  'core-files': 'whether a crash may write memory to disk',
  port: 'bind-address and bind-port, webhook-bind-address, metrics-bind-address: free, or held by a running pamhook',
  clock: 'whether the clock can be right',
  'audit-log': 'whether lines can be appended',
  'webhook-config': 'with `--webhook-config`: the kubeconfig, as kube-apiserver reads it',
  webhook: 'with `--webhook-config`: a review of a token that nobody has issued, which must be a *no*',
  'webhook-token': 'with `--token -`: a review of that token',
  login: 'with `--user`: the PAM transaction, and the identity that a review would give',
} as const;

export type Subject = keyof typeof subjects;

export interface Finding {
  readonly level: 'ok' | 'warning' | 'fault';
  readonly subject: Subject;
  readonly says: string;
  readonly cure?: string;
}

/** What the groups of findings look at. */
export interface Setup {
  readonly settings: Settings;
  readonly configFile: string | undefined;
  /** Of the configuration. */
  readonly warnings: readonly string[];
  readonly hostNames: readonly HostName[];
  readonly native: Native;
  readonly isRoot: boolean;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

export const ok = (subject: Subject, says: string): Finding => ({ level: 'ok', subject, says });
export const warning = (subject: Subject, says: string, cure: string): Finding => ({
  level: 'warning',
  subject,
  says,
  cure,
});
export const fault = (subject: Subject, says: string, cure: string): Finding => ({
  level: 'fault',
  subject,
  says,
  cure,
});

export interface Examined<T> {
  /** undefined where there was a fault. */
  readonly value: T | undefined;
  readonly findings: readonly Finding[];
}

export interface Wording<T> {
  /** When there is neither fault nor warning; left out: nothing is said then. */
  readonly fine?: (value: T) => string;
  /** Of warnings, which `serve` only logs. */
  readonly cure?: string;
}

/** Runs a check that `serve` has too: what it throws is a fault here, what it logs as a warning a warning. */
export async function examine<T>(
  subject: Subject,
  check: (log: Logger) => T | Promise<T>,
  { fine, cure }: Wording<T> = {},
): Promise<Examined<T>> {
  const warnings: Finding[] = [];
  const warn = (says: string) => {
    warnings.push({ level: 'warning', subject, says, ...(cure === undefined ? {} : { cure }) });
  };
  try {
    const value = await check({ error: warn, warn, info() {}, verbose() {} });
    const said = warnings.length === 0 && fine !== undefined ? [ok(subject, fine(value))] : warnings;
    return { value, findings: said };
  } catch (thrown) {
    return { value: undefined, findings: [...warnings, faultFrom(subject, thrown)] };
  }
}

function faultFrom(subject: Subject, thrown: unknown): Finding {
  const says = thrown instanceof Error ? thrown.message : String(thrown);
  if (!(thrown instanceof ConfigurationError)) {
    const cause = thrown instanceof Error && thrown.cause instanceof Error ? ` (${thrown.cause.message})` : '';
    return { level: 'fault', subject, says: `${says}${cause}` };
  }
  return { level: 'fault', subject, says, ...(thrown.cure === undefined ? {} : { cure: thrown.cure }) };
}
