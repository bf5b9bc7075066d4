/** The command line of `pamhook check`: its own flags, taken out from among those of `pamhook serve`. */

import { list } from '../../config/format.js';
import { ConfigurationError } from '../../errors.js';
import { isPlainText } from '../../native/arguments.js';
import { type HostName, parseHostNames } from '../init/host-name.js';
import type { WebhookQuestion } from './webhook.js';

export interface CheckArguments {
  readonly hostNames: readonly HostName[];
  readonly user: string | undefined;
  readonly passwordStdin: boolean;
  readonly output: 'text' | 'json';
  /** Looks at nothing but the webhook. */
  readonly webhook: WebhookQuestion | undefined;
  /** The flags of `pamhook serve`. */
  readonly serve: readonly string[];
}

export const CHECK_USAGE = `Usage: pamhook check [flags of pamhook serve] [--hostname H[,IP...]] [--user U [--password-stdin]] [--output text|json]
       pamhook check --webhook-config FILE [--token -] [--webhook-version v1|v1beta1] [--audiences A,B] [--output text|json]

Looks at everything that pamhook serve would use with the same flags, environment and --config file, and names all that
is wrong, each with its cure. Changes nothing, and may be run beside a running pamhook: best as the user who starts it.

  --hostname H[,IP...]  names and addresses by which clients reach pamhook: does the certificate cover them?
  --user U              asks for U's password and shows the PAM transaction and the identity that Kubernetes would be
                        told; passwords of others need root. A wrong password counts as a failed login
  --password-stdin      with --user: the password, and a line for each further prompt, from standard input
  --output text|json    default: text

  --webhook-config FILE looks at this kubeconfig of kube-apiserver instead, and calls the pamhook that it names as
                        kube-apiserver would. No flags of pamhook serve go with it
  --token -             also reviews the token on standard input, and shows whose it is; never the token
  --webhook-version V   v1, the default, or v1beta1: as --authentication-token-webhook-version of kube-apiserver
  --audiences A,B       as --api-audiences of kube-apiserver. Default: the review names none

  --help                prints this; pamhook serve --help has the other flags

Exit code: 0 when nothing is wrong (warnings may be), 1 when something is, 2 when flags, environment or --config file are
not as they must be.

Example: pamhook check --config /etc/pamhook/pamhook.yaml --hostname pamhook.example.org
`;

const BOOLEAN = 'password-stdin';
const OWN = /^--?(hostname|user|password-stdin|output|webhook-config|webhook-version|audiences|token)(?:=(.*))?$/s;

/** Throws ConfigurationError. A value of `serve` that begins like one of these flags is written after a =. */
export function parseCheckArguments(argv: readonly string[]): CheckArguments {
  const own: [name: string, value: string][] = [];
  const serve: string[] = [];
  for (let at = 0; at < argv.length; at++) {
    const argument = argv[at] ?? '';
    const [, name, value] = OWN.exec(argument) ?? [];
    if (name === undefined) serve.push(argument);
    else own.push([name, value ?? (name === BOOLEAN ? 'true' : givenAfter(name, argv[++at]))]);
  }
  const given = new Map(own);
  const names = own.filter(([name]) => name === 'hostname').map(([, value]) => value);
  return {
    hostNames: names.length === 0 ? [] : parseHostNames(names.join(',')),
    ...loginArguments(given),
    output: oneOf('output', ['text', 'json'] as const, given.get('output') ?? 'text'),
    webhook: webhookArguments(given, serve),
    serve,
  };
}

function loginArguments(given: ReadonlyMap<string, string>): Pick<CheckArguments, 'user' | 'passwordStdin'> {
  const user = given.get('user');
  if (user !== undefined && !isPlainText(user)) {
    throw new ConfigurationError('--user must be a user name of 1 to 511 bytes', 'try: pamhook check --help');
  }
  const passwordStdin = oneOf(BOOLEAN, ['true', 'false'] as const, given.get(BOOLEAN) ?? 'false') === 'true';
  if (passwordStdin && user === undefined) {
    throw new ConfigurationError('--password-stdin goes with --user', 'try: pamhook check --help');
  }
  return { user, passwordStdin };
}

function webhookArguments(given: ReadonlyMap<string, string>, serve: readonly string[]): WebhookQuestion | undefined {
  const cure = 'try: pamhook check --help';
  const file = given.get('webhook-config');
  if (file === undefined) {
    const alone = ['webhook-version', 'audiences', 'token'].find((name) => given.has(name));
    if (alone === undefined) return undefined;
    throw new ConfigurationError(`--${alone} goes with --webhook-config`, cure);
  }
  const other = ['hostname', 'user'].find((name) => given.has(name));
  const isHelp = serve.some((flag) => /^--?help(?:=|$)/.test(flag));
  if (other !== undefined || (serve.length > 0 && !isHelp)) {
    const name = other === undefined ? 'a flag of pamhook serve' : `--${other}`;
    throw new ConfigurationError(`--webhook-config and ${name} exclude each other`, cure);
  }
  const token = given.get('token');
  if (token !== undefined && token !== '-') {
    throw new ConfigurationError('--token must be -: others may see an argument', 'write the token to standard input');
  }
  const audiences = list.parse(given.get('audiences') ?? '');
  if (!list.holds(audiences)) throw new ConfigurationError(`--audiences must be ${list.expected}`, cure);
  const version = oneOf('webhook-version', ['v1', 'v1beta1'] as const, given.get('webhook-version') ?? 'v1');
  return { file, version, audiences, token: token !== undefined };
}

function givenAfter(name: string, next: string | undefined): string {
  if (next !== undefined && (next === '-' || !next.startsWith('-'))) return next;
  throw new ConfigurationError(`--${name} needs a value`, `where it is to begin with a dash, write --${name}=VALUE`);
}

function oneOf<const W extends string>(name: string, words: readonly W[], given: string): W {
  const word = words.find((known) => known === given);
  if (word !== undefined) return word;
  throw new ConfigurationError(`--${name} must be ${words.join(' or ')}`, 'try: pamhook check --help');
}
