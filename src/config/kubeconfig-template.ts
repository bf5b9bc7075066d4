/** The `kubecfg-template`: a kubeconfig without users, checked by the supervisor and read again by the front, which fills it in. */
import { X509Certificate } from 'node:crypto';
import { ConfigurationError } from '../errors.js';
import { parseUrl } from '../url.js';
import { quote } from './quote.js';
import { parseYamlObject } from './yaml-document.js';

/** Bytes: some 150 clusters with a CA each. */
export const LONGEST_TEMPLATE = 256 * 1024;
/** The cluster extension from which kubectl tells its credential plugin what it needs to know of a cluster. */
export const EXEC_EXTENSION = 'client.authentication.k8s.io/exec';

export type Members = Readonly<Record<string, unknown>>;

export interface KubeconfigTemplate {
  /** All of the kubeconfig but its users: at least one cluster, and a context for each. */
  readonly document: Members;
  /** Whom the contexts name. */
  readonly user: string;
  /** Whether the extension of each cluster says where its pamhook is; else none does. */
  readonly namesServers: boolean;
  /** One sentence each. */
  readonly warnings: readonly string[];
}

const EXPECTED = { deepest: 24, holds: 'a kubeconfig' };
const USER = 'pamhook';
const LONGEST_NAME = 1024;
const TOP = ['apiVersion', 'kind', 'clusters', 'contexts', 'current-context', 'preferences', 'extensions', 'users'];
/** Of k8s.io/client-go, AuthInfo: whatever stands for a person has no place in what everybody gets. */
const CREDENTIALS = new Set([
  'token',
  'tokenFile',
  'client-key',
  'client-key-data',
  'password',
  'exec',
  'auth-provider',
]);
/** What ends a text early, or hides: none belongs into a kubeconfig. Tabs and line ends are YAML's own. */
const CONTROL = /[^\P{Cc}\t\n\r]/u;

/** `origin`: option and path. Throws ConfigurationError, which shows nothing of the template but names. */
export function parseKubeconfigTemplate(text: string, origin: string): KubeconfigTemplate {
  const fault = (reason: string) => new ConfigurationError(`${origin}: ${reason}`, CURE);
  if (Buffer.byteLength(text) > LONGEST_TEMPLATE) throw fault(`is larger than ${LONGEST_TEMPLATE / 1024} KiB`);
  if (CONTROL.test(text)) throw fault('has control characters in it');
  const members = parseYamlObject(text, EXPECTED, fault);
  checkMembers(members, fault);
  const clusters = namedIn(members, 'clusters', 'cluster', fault);
  if (clusters.length === 0) throw fault('has no clusters');
  const warnings = clusters.flatMap((cluster) => checkCluster(cluster, fault));
  const user = userIn(members, fault);
  const contexts = contextsOf(members, clusters, user, fault);
  const { users: _, 'current-context': __, ...rest } = members;
  const document = {
    ...rest,
    apiVersion: 'v1',
    kind: 'Config',
    clusters: clusters.map(({ name, value }) => ({ name, cluster: value })),
    contexts,
    ...currentIn(members, contexts, fault),
  };
  return { document, user, namesServers: namesServers(clusters, fault), warnings };
}

const CURE = 'give a kubeconfig with clusters and without users';

type Fault = (reason: string) => ConfigurationError;

interface Named {
  readonly name: string;
  readonly value: Members;
}

function checkMembers(members: Members, fault: Fault): void {
  const unknown = Object.keys(members).find((key) => !TOP.includes(key));
  if (unknown !== undefined) throw fault(`has an unknown key ${quote(unknown.slice(0, 64))}`);
  for (const [key, wanted] of [
    ['apiVersion', 'v1'],
    ['kind', 'Config'],
  ] as const) {
    if (members[key] !== undefined && members[key] !== wanted) throw fault(`its ${key} is not ${wanted}`);
  }
  const { users } = members;
  if (users !== undefined && users !== null && !(Array.isArray(users) && users.length === 0))
    throw fault('has users: everybody who may log in gets this file');
  const credential = credentialIn(members);
  if (credential !== undefined) throw fault(`has a ${credential} in it: everybody who may log in gets this file`);
}

/** Wherever it stands, in extensions too. */
function credentialIn(value: unknown): string | undefined {
  if (Array.isArray(value)) return value.map(credentialIn).find((found) => found !== undefined);
  if (!isObject(value)) return undefined;
  const own = Object.keys(value).find((key) => CREDENTIALS.has(key));
  return own ?? credentialIn(Object.values(value));
}

/** The entries of `clusters` or `contexts`. */
function namedIn(members: Members, list: string, member: string, fault: Fault): Named[] {
  const entries = members[list] ?? [];
  if (!Array.isArray(entries)) throw fault(`its ${list} are no list`);
  const named = entries.map((entry: unknown, index) => {
    const { name, [member]: value } = isObject(entry) ? entry : {};
    if (!isName(name)) throw fault(`${list}[${index}] has no name`);
    if (!isObject(value)) throw fault(`${list}[${index}], ${quote(name)}, has no ${member}`);
    return { name, value };
  });
  const names = named.map(({ name }) => name);
  const twice = names.find((name, index) => names.indexOf(name) < index);
  if (twice !== undefined) throw fault(`has two ${list} ${quote(twice)}`);
  return named;
}

function isName(value: unknown): value is string {
  return typeof value === 'string' && value !== '' && value.length <= LONGEST_NAME;
}

/** Warnings. */
function checkCluster({ name, value }: Named, fault: Fault): string[] {
  const cluster = `cluster ${quote(name)}`;
  const { server, 'proxy-url': proxy, 'certificate-authority-data': ca } = value;
  const protocol = protocolOf(server);
  if (protocol !== 'https:' && protocol !== 'http:') throw fault(`${cluster} has no server that is an https URL`);
  if (proxy !== undefined && protocolOf(proxy) === undefined) throw fault(`${cluster} has a proxy-url that is none`);
  for (const [key, url] of Object.entries({ server, 'proxy-url': proxy })) {
    if (hasPassword(url)) throw fault(`${cluster} has a user or password in its ${key}`);
  }
  if (ca !== undefined) checkCa(ca, cluster, fault);
  return [
    ...(protocol === 'http:' ? [`${cluster} is reached without TLS: who is on the way gets the token`] : []),
    ...(value['insecure-skip-tls-verify'] === true
      ? [`${cluster} has insecure-skip-tls-verify: whoever answers in its place gets the token`]
      : []),
    ...(value['certificate-authority'] === undefined
      ? []
      : [
          `${cluster} names a file as certificate-authority, which people may not have: use certificate-authority-data`,
        ]),
  ];
}

function protocolOf(url: unknown): string | undefined {
  return typeof url === 'string' ? parseUrl(url)?.protocol : undefined;
}

function hasPassword(url: unknown): boolean {
  const { username = '', password = '' } = (typeof url === 'string' && parseUrl(url)) || {};
  return username !== '' || password !== '';
}

/** A key beside the certificate would be everybody's. */
function checkCa(data: unknown, cluster: string, fault: Fault): void {
  const pem = typeof data === 'string' ? Buffer.from(data, 'base64').toString('latin1') : '';
  if (pem.includes('PRIVATE KEY')) throw fault(`${cluster} has a private key in its certificate-authority-data`);
  try {
    const blocks = pem.split(/(?=-----BEGIN )/).filter((block) => block.startsWith('-----BEGIN '));
    if (blocks.length === 0) throw new Error('no certificate in it');
    for (const block of blocks) new X509Certificate(block);
  } catch {
    throw fault(`${cluster} has certificate-authority-data that is no PEM certificate in base64`);
  }
}

/** The user that the contexts of the template name, if any do. */
function userIn(members: Members, fault: Fault): string {
  const contexts = namedIn(members, 'contexts', 'context', fault);
  const users = new Set(contexts.flatMap(({ value }) => (value['user'] === undefined ? [] : [value['user']])));
  const [user = USER, ...others] = users;
  if (others.length > 0) throw fault('its contexts name different users, and who gets the file is one');
  if (!isName(user)) throw fault('its contexts name a user that is no text');
  return user;
}

/** Those of the template; and for each cluster without one, a context of its name. */
function contextsOf(members: Members, clusters: readonly Named[], user: string, fault: Fault) {
  const given = namedIn(members, 'contexts', 'context', fault);
  for (const { name, value } of given) {
    if (!clusters.some((cluster) => cluster.name === value['cluster']))
      throw fault(`context ${quote(name)} is for a cluster that is not there`);
  }
  const left = clusters.filter((cluster) => !given.some(({ value }) => value['cluster'] === cluster.name));
  const taken = left.find((cluster) => given.some(({ name }) => name === cluster.name));
  if (taken !== undefined) throw fault(`context ${quote(taken.name)} is for another cluster, and that one has none`);
  return [
    ...given.map(({ name, value }) => ({ name, context: { ...value, user } })),
    ...left.map(({ name }) => ({ name, context: { cluster: name, user } })),
  ];
}

/** Of one context alone there is no question. */
function currentIn(members: Members, contexts: readonly { readonly name: string }[], fault: Fault) {
  const current = members['current-context'] || (contexts.length === 1 ? contexts[0]?.name : undefined);
  if (current === undefined) return {};
  if (!contexts.some(({ name }) => name === current)) throw fault('its current-context is none of its contexts');
  return { 'current-context': current };
}

function namesServers(clusters: readonly Named[], fault: Fault): boolean {
  const naming = clusters.filter(({ value }) => serverInExtension(value) !== undefined);
  if (naming.length === 0 || naming.length === clusters.length) return naming.length > 0;
  throw fault(`some clusters say in their extension ${EXEC_EXTENSION} where pamhook is, and others do not`);
}

function serverInExtension({ extensions }: Members): unknown {
  if (!Array.isArray(extensions)) return undefined;
  const found: unknown = extensions.find((entry: unknown) => isObject(entry) && entry['name'] === EXEC_EXTENSION);
  const extension = isObject(found) ? found['extension'] : undefined;
  return isObject(extension) ? extension['server'] : undefined;
}

function isObject(value: unknown): value is Members {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
