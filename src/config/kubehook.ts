/** What kubehook takes: its flags, which stand for options of ours, and its environment, which is not read; judged by the supervisor. */
import { ConfigurationError } from '../errors.js';
import { parseEndpoint } from './endpoint.js';
import { boolean, endpoint } from './format.js';
import type { Given } from './limits-store-check.js';
import type { OptionName } from './options.js';

export interface Alias {
  /** undefined: a boolean, which takes no value. */
  readonly placeholder: string | undefined;
  readonly stands: readonly OptionName[];
  /** The options and their text. Throws ConfigurationError. */
  read(text: string): readonly (readonly [OptionName, string])[];
}

/** kubehook's flags that have another name here. */
export const aliases = {
  listen: { placeholder: endpoint.placeholder, stands: ['bind-address', 'bind-port'], read: readListen },
  'client-ca': standsFor('client-ca-file'),
  'tls-cert': standsFor('cert-file'),
  'tls-key': standsFor('key-file'),
  d: { placeholder: undefined, stands: ['v'], read: readDebug },
  debug: { placeholder: undefined, stands: ['v'], read: readDebug },
} as const satisfies Record<string, Alias>;

export type AliasName = keyof typeof aliases;

export function isAlias(name: string): name is AliasName {
  return Object.hasOwn(aliases, name);
}

export function aliasNamed(name: AliasName): Alias {
  return aliases[name];
}

function standsFor(name: OptionName): Alias {
  return { placeholder: 'PATH', stands: [name], read: (text) => [[name, text]] };
}

function readListen(text: string): readonly (readonly [OptionName, string])[] {
  const where = parseEndpoint(text);
  if (where === undefined)
    throw new ConfigurationError(`flag -listen must be ${endpoint.expected}`, 'Write, for example, -listen=:6443.');
  return [
    ['bind-address', where.address],
    ['bind-port', String(where.port)],
  ];
}

/** The verbosity at which requests are logged. */
function readDebug(text: string): readonly (readonly [OptionName, string])[] {
  const isOn = boolean.parse(text);
  if (isOn === undefined) throw new ConfigurationError(`flag -d must be ${boolean.expected}`, 'Write -d alone.');
  return [['v', isOn ? '2' : '0']];
}

/** A variable of kubehook's, and what is to be set in its place. */
interface Unread {
  readonly instead: readonly OptionName[];
  /** What would stand open if the variable were passed over in silence, and none of `instead` is given. */
  readonly risk?: string;
}

/** All that kubehook reads: no other KUBEHOOK_* is looked at, since Kubernetes makes some of its own for a Service of that name. */
const variables: Readonly<Record<string, Unread>> = {
  KUBEHOOK_SECRET: { instead: ['signing-key-file'] },
  KUBEHOOK_LISTEN: { instead: ['bind-address', 'bind-port'], risk: 'all addresses would be listened on' },
  KUBEHOOK_AUDIENCE: { instead: ['audience'], risk: 'tokens would be for no audience, and so for any' },
  KUBEHOOK_CLIENT_CA: { instead: ['client-ca-file'], risk: 'nobody would be asked for a certificate' },
  KUBEHOOK_CLIENT_CA_SUBJECT: { instead: ['client-ca-subject'], risk: 'any certificate would do' },
  KUBEHOOK_TLS_CERT: { instead: ['cert-file'] },
  KUBEHOOK_TLS_KEY: { instead: ['key-file'] },
  KUBEHOOK_USER_HEADER: { instead: ['user-header'] },
  KUBEHOOK_GROUP_HEADER: { instead: ['group-header'] },
  KUBEHOOK_GROUP_HEADER_DELIMITER: { instead: ['group-header-delimiter'] },
  KUBEHOOK_MAX_LIFETIME: { instead: ['max-lifetime'] },
  KUBEHOOK_KUBECFG_TEMPLATE: { instead: ['kubecfg-template'] },
  KUBEHOOK_SHUTDOWN_GRACE_PERIOD: { instead: ['shutdown-grace-period'] },
  KUBEHOOK_DEBUG: { instead: ['v'] },
};

/** Of these the value must not stay in the environment. */
export const unreadSecrets: readonly string[] = ['KUBEHOOK_SECRET'];

type Environment = Readonly<Record<string, string | undefined>>;

/** Throws ConfigurationError where a variable that is passed over would leave something open. */
export function checkKubehook(env: Environment, { isGiven }: Pick<Given, 'isGiven'>): void {
  for (const [name, { instead, risk }] of setIn(env)) {
    if (risk === undefined || instead.some(isGiven)) continue;
    throw new ConfigurationError(
      `environment variable ${name} is not read, and without ${instead.join(' or ')} ${risk}`,
      `Set ${instead.join(' and ')}, and unset ${name}.`,
    );
  }
}

/** One sentence each. */
export function warningsAboutKubehook(env: Environment): string[] {
  return setIn(env).map(
    ([name, { instead }]) => `environment variable ${name} is not read: use ${instead.join(' and ')} instead`,
  );
}

function setIn(env: Environment): (readonly [string, Unread])[] {
  return Object.entries(variables).filter(([name]) => env[name]);
}
