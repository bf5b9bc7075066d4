/** The kubeconfig by which kube-apiserver finds the webhook, read as that reads it (clientcmd of client-go); used by `pamhook check`. */
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { dirname, isAbsolute, join, posix } from 'node:path';
import { parse } from 'yaml';
import { readBounded } from '../../config/config-file.js';
import { quote } from '../../config/quote.js';
import { ConfigurationError } from '../../errors.js';
import { parseUrl } from '../../url.js';

export interface WebhookTarget {
  readonly host: string;
  readonly port: number;
  readonly path: string;
  /** The name that the server's certificate must have. */
  readonly serverName: string;
  /** PEM; undefined: the CAs that the system, or here Node, knows. */
  readonly ca: string | undefined;
  readonly insecure: boolean;
  readonly client: ClientIdentity | undefined;
  /** What of the file is not followed here. */
  readonly left: readonly string[];
}

export interface ClientIdentity {
  readonly cert: string;
  readonly key: string;
  readonly certificate: X509Certificate;
}

type Entry = Readonly<Record<string, unknown>>;

const LARGEST = 1024 * 1024;

/** Throws ConfigurationError for what would keep kube-apiserver from starting, or from reaching pamhook. */
export function readWebhookConfig(file: string): WebhookTarget {
  const config = parseFile(file);
  const context = contextIn(config);
  const cluster = named(config['clusters'], 'cluster', textIn(context, 'cluster'));
  const user = named(config['users'], 'user', textIn(context, 'user'));
  const at = fileReader(dirname(file));
  const url = serverIn(cluster);
  const insecure = cluster['insecure-skip-tls-verify'] === true;
  const ca = dataOrFile(cluster, 'certificate-authority', at);
  if (insecure && ca !== undefined)
    throw fault('insecure-skip-tls-verify beside a certificate-authority is not allowed', 'take the first one out');
  if (ca !== undefined) readCertificates(ca, 'certificate-authority');
  return {
    host: url.hostname.replace(/^\[(.*)\]$/, '$1'),
    port: url.port === '' ? 443 : Number(url.port),
    path: pathOf(url),
    serverName: textIn(cluster, 'tls-server-name') || url.hostname.replace(/^\[(.*)\]$/, '$1'),
    ca,
    insecure,
    client: clientIn(user, at),
    left: [
      ...leftIn(cluster, ['proxy-url']),
      ...leftIn(user, ['token', 'tokenFile', 'username', 'exec', 'auth-provider']),
    ],
  };
}

function parseFile(file: string): Entry {
  try {
    const { content } = readBounded(file, LARGEST);
    if (content.length > LARGEST) throw new Error(`larger than ${LARGEST} bytes`);
    // Keys of clients may be in it: no message of the parser's, which would show lines.
    const config: unknown = parse(content.toString('utf8'));
    if (isEntry(config)) return config;
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code;
    if (code !== undefined && /^E[A-Z]+$/.test(code))
      throw fault(`${file} cannot be read (${code})`, 'name the file of --authentication-token-webhook-config-file');
  }
  throw fault(`${file} is no YAML map`, 'make it a kubeconfig: pamhook init writes one');
}

/** kube-apiserver takes no other, not even the only one. */
function contextIn(config: Entry): Entry {
  const name = config['current-context'];
  if (typeof name !== 'string' || name === '')
    throw fault('current-context is not set: kube-apiserver does not start', 'name a context that is in contexts');
  return named(config['contexts'], 'context', name);
}

function named(list: unknown, kind: 'context' | 'cluster' | 'user', name: string): Entry {
  const found = Array.isArray(list) ? list.find((each) => isEntry(each) && each['name'] === name) : undefined;
  const value = isEntry(found) ? found[kind] : undefined;
  if (isEntry(value)) return value;
  // A user without anything is one.
  if (kind === 'user' && (name === '' || found !== undefined)) return {};
  throw fault(`there is no ${kind} ${quote(name)}`, `add it to ${kind}s, or name one that is there`);
}

function serverIn(cluster: Entry): URL {
  const server = textIn(cluster, 'server');
  const url = parseUrl(server);
  if (url?.protocol === 'https:') return url;
  throw fault(
    `server ${quote(server)} is no https URL`,
    'write https://HOST:PORT/authenticate: pamhook serves nothing else',
  );
}

/** client-go joins it anew, without a slash at its end and without query. */
function pathOf({ pathname }: URL): string {
  const path = posix.normalize(pathname);
  return path.length > 1 ? path.replace(/\/$/, '') : path;
}

function clientIn(user: Entry, read: ReadFile): ClientIdentity | undefined {
  const cert = dataOrFile(user, 'client-certificate', read);
  const key = dataOrFile(user, 'client-key', read);
  if (cert === undefined && key === undefined) return undefined;
  if (cert === undefined || key === undefined)
    throw fault('of client-certificate and client-key only one is given', 'give both, or none');
  const [certificate] = readCertificates(cert, 'client-certificate');
  if (certificate === undefined || !isPair(certificate, key))
    throw fault('client-key is no key of client-certificate', 'give the two of one pair, the key unencrypted');
  return { cert, key, certificate };
}

function isPair(certificate: X509Certificate, key: string): boolean {
  try {
    return certificate.checkPrivateKey(createPrivateKey(key));
  } catch {
    return false;
  }
}

function readCertificates(pem: string, what: string): X509Certificate[] {
  const blocks = pem.split(/(?=-----BEGIN )/).filter((block) => block.startsWith('-----BEGIN CERTIFICATE-----'));
  try {
    if (blocks.length > 0) return blocks.map((block) => new X509Certificate(block));
  } catch {}
  throw fault(`${what} holds no certificate in PEM`, 'give one, in base64 where the name ends with -data');
}

type ReadFile = (path: string, what: string) => string;

function fileReader(directory: string): ReadFile {
  return (path, what) => {
    const file = isAbsolute(path) ? path : join(directory, path);
    try {
      return readBounded(file, LARGEST).content.toString('utf8');
    } catch (cause) {
      const code = (cause as NodeJS.ErrnoException).code ?? 'error';
      throw fault(
        `${what} ${file} cannot be read (${code})`,
        "name a readable file; a relative path begins in the kubeconfig's folder",
      );
    }
  };
}

function dataOrFile(entry: Entry, name: string, read: ReadFile): string | undefined {
  const data = textIn(entry, `${name}-data`);
  const path = textIn(entry, name);
  if (data !== '' && path !== '')
    throw fault(`${name} and ${name}-data are both given: kube-apiserver does not start`, 'leave one of them');
  if (path !== '') return read(path, name);
  return data === '' ? undefined : Buffer.from(data, 'base64').toString('utf8');
}

function leftIn(entry: Entry, names: readonly string[]): string[] {
  return names.filter((name) => entry[name] !== undefined);
}

function textIn(entry: Entry, name: string): string {
  const value = entry[name];
  if (value === undefined || value === null) return '';
  if (typeof value === 'string') return value;
  throw fault(`${name} is no text`, 'write it in quotes');
}

function isEntry(value: unknown): value is Entry {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function fault(message: string, cure: string): ConfigurationError {
  return new ConfigurationError(message, cure);
}
