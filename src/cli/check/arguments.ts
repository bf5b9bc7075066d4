/** The command line of `pamhook check`: its own flags, taken out from among those of `pamhook serve`. */
import { ConfigurationError } from '../../errors.js';
import { isPlainText } from '../../native/arguments.js';
import { type HostName, parseHostNames } from '../init/host-name.js';

export interface CheckArguments {
  readonly hostNames: readonly HostName[];
  readonly user: string | undefined;
  readonly passwordStdin: boolean;
  readonly output: 'text' | 'json';
  /** The flags of `pamhook serve`. */
  readonly serve: readonly string[];
}

export const CHECK_USAGE = `Usage: pamhook check [flags of pamhook serve] [--hostname H[,IP...]] [--user U [--password-stdin]] [--output text|json]

Looks at everything that pamhook serve would use with the same flags, environment and --config file, and names all that
is wrong, each with its cure. Changes nothing, and may be run beside a running pamhook: best as the user who starts it.

  --hostname H[,IP...]  names and addresses by which clients reach pamhook: does the certificate cover them?
  --user U              asks for U's password and shows the PAM transaction and the identity that Kubernetes would be
                        told; passwords of others need root. A wrong password counts as a failed login
  --password-stdin      with --user: the password, and a line for each further prompt, from standard input
  --output text|json    default: text
  --help                prints this; pamhook serve --help has the other flags

Exit code: 0 when nothing is wrong (warnings may be), 1 when something is, 2 when flags, environment or --config file are
not as they must be.

Example: pamhook check --config /etc/pamhook/pamhook.yaml --hostname pamhook.example.org
`;

const BOOLEAN = 'password-stdin';
const OWN = /^--?(hostname|user|password-stdin|output)(?:=(.*))?$/s;

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

function givenAfter(name: string, next: string | undefined): string {
  if (next !== undefined && !next.startsWith('-')) return next;
  throw new ConfigurationError(`--${name} needs a value`, `where it is to begin with a dash, write --${name}=VALUE`);
}

function oneOf<const W extends string>(name: string, words: readonly W[], given: string): W {
  const word = words.find((known) => known === given);
  if (word !== undefined) return word;
  throw new ConfigurationError(`--${name} must be ${words.join(' or ')}`, 'try: pamhook check --help');
}
