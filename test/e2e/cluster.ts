/** A real kube-apiserver with its etcd on the loopback of a throw-away root, and kubectl to ask it. */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { generateKeyPairSync, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { accessSync, closeSync, constants, mkdirSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { get } from 'node:https';
import { dirname, join } from 'node:path';
import type { Ended } from '../daemon/daemon-harness.js';
import { createCertificate } from '../harness/certificate.js';
import type { Ending } from '../harness/scratch.js';
import { outside } from '../harness/throw-away-root.js';

const BINARIES = ['kube-apiserver', 'etcd', 'kubectl'] as const;
type Binary = (typeof BINARIES)[number];

/** Fixed: nobody else is on this loopback. etcd takes the next one too, for peers. */
const PORTS = { api: 6443, etcd: 2379 };
type Ports = typeof PORTS;

/** How envtest finds them too. */
export function assets(): Readonly<Record<Binary, string>> {
  const folder = process.env['KUBEBUILDER_ASSETS'] ?? '';
  const paths = Object.fromEntries(BINARIES.map((name) => [name, join(folder, name)])) as Record<Binary, string>;
  for (const path of Object.values(paths)) {
    try {
      if (folder === '') throw new Error('unset');
      accessSync(path, constants.X_OK);
    } catch {
      throw new Error(
        `KUBEBUILDER_ASSETS must name a folder with ${BINARIES.join(', ')}: \`setup-envtest use -p path\` of ` +
          'sigs.k8s.io/controller-runtime fetches one and prints its path',
      );
    }
  }
  return paths;
}

/** An event of the API server's audit log: `audit.k8s.io/v1`. */
export interface AuditedRequest {
  readonly requestURI: string;
  readonly user: {
    readonly username?: string;
    readonly uid?: string;
    readonly groups?: readonly string[];
    readonly extra?: Readonly<Record<string, readonly string[]>>;
  };
  readonly responseStatus?: { readonly code: number };
}

export interface Cluster {
  /** kubectl with a token; as the administrator without one. `input` is its standard input. */
  kubectl(args: readonly string[], options?: { token?: string; input?: string }): Promise<Ended>;
  /** A kubeconfig of the administrator, by its path, for commands that are run as they stand in the docs. */
  readonly kubeconfig: string;
  /** What RBAC lets whoever is in the group do from now on, and nobody else. */
  letListNamespaces(group: string): Promise<void>;
  /** One GET with any token, and its status: kubectl has an opinion on some. */
  status(token: string, path?: string): Promise<number>;
  /** What the API server wrote down of the requests of a user. */
  audited(username: string): AuditedRequest[];
  log(): string;
  /** The path of the CA of the API server's certificate. */
  readonly ca: string;
}

/** `flags`: of kube-apiserver, beside those that every test needs. Both processes are gone when the test ends. */
export async function startCluster(
  t: Ending,
  dir: string,
  flags: readonly string[],
  ports: Ports = PORTS,
): Promise<Cluster> {
  if (outside) throw new Error('a cluster is for a throw-away root');
  const binaries = assets();
  const at = (name: string) => join(dir, name);
  mkdirSync(dir, { recursive: true });
  const admin = randomUUID();
  const { cert, key } = await createCertificate('localhost');
  const accounts = generateKeyPairSync('rsa', {
    modulusLength: 2048,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  });
  const files = {
    'api.crt': cert,
    'api.key': key,
    'accounts.key': accounts.privateKey,
    'accounts.pub': accounts.publicKey,
    'tokens.csv': `${admin},admin,admin,"system:masters"\n`,
    'audit-policy.yaml': 'apiVersion: audit.k8s.io/v1\nkind: Policy\nrules: [{level: Metadata}]\n',
  };
  for (const [name, text] of Object.entries(files)) writeFileSync(at(name), text, { mode: 0o600 });

  const etcd = await startEtcd(t, binaries.etcd, dir, ports.etcd);
  const api = `https://127.0.0.1:${ports.api}`;
  const server = start(t, binaries['kube-apiserver'], at('kube-apiserver.log'), [
    `--etcd-servers=${etcd}`,
    '--bind-address=127.0.0.1',
    '--advertise-address=127.0.0.1',
    `--secure-port=${ports.api}`,
    '--endpoint-reconciler-type=none',
    `--tls-cert-file=${at('api.crt')}`,
    `--tls-private-key-file=${at('api.key')}`,
    '--service-cluster-ip-range=10.0.0.0/24',
    '--service-account-issuer=https://kubernetes.default.svc',
    `--service-account-key-file=${at('accounts.pub')}`,
    `--service-account-signing-key-file=${at('accounts.key')}`,
    '--authorization-mode=RBAC',
    `--token-auth-file=${at('tokens.csv')}`,
    `--audit-policy-file=${at('audit-policy.yaml')}`,
    `--audit-log-path=${at('audit.log')}`,
    ...flags,
  ]);
  const status = (token: string, path = '/api/v1/namespaces') => statusOf(api, cert, token, path);
  await answers(server, () => status(admin, '/readyz').then((code) => code === 200));

  const ask: Cluster['kubectl'] = (args, { token = admin, input = '' } = {}) =>
    kubectl(binaries.kubectl, writeKubeconfig(api, dir, token), args, input);
  return {
    status,
    kubeconfig: writeKubeconfig(api, dir, admin),
    kubectl: ask,
    async letListNamespaces(group) {
      for (const args of [
        ['create', 'clusterrole', 'reader', '--verb=list', '--resource=namespaces'],
        ['create', 'clusterrolebinding', 'readers', '--clusterrole=reader', `--group=${group}`],
      ]) {
        const { code, stderr } = await ask(args);
        if (code !== 0) throw new Error(stderr);
      }
    },
    audited: (username) =>
      readFileSync(at('audit.log'), 'utf8')
        .split('\n')
        .filter((line) => line.endsWith('}'))
        .map((line): AuditedRequest => JSON.parse(line))
        .filter(({ user }) => user.username === username),
    log: () => readFileSync(at('kube-apiserver.log'), 'utf8'),
    ca: at('api.crt'),
  };
}

async function startEtcd(t: Ending, command: string, dir: string, port: number): Promise<string> {
  const [client, peer] = [`http://127.0.0.1:${port}`, `http://127.0.0.1:${port + 1}`];
  const etcd = start(t, command, join(dir, 'etcd.log'), [
    '--name=one',
    `--data-dir=${join(dir, 'etcd')}`,
    '--unsafe-no-fsync',
    `--listen-client-urls=${client}`,
    `--advertise-client-urls=${client}`,
    `--listen-peer-urls=${peer}`,
    `--initial-advertise-peer-urls=${peer}`,
    `--initial-cluster=one=${peer}`,
  ]);
  await answers(etcd, async () => (await fetch(`${client}/health`)).ok);
  return client;
}

interface Running {
  readonly process: ChildProcess;
  readonly log: string;
}

function start(t: Ending, command: string, log: string, args: readonly string[]): Running {
  const output = openSync(log, 'w', 0o600);
  const child = spawn(command, args, { stdio: ['ignore', output, output] });
  closeSync(output);
  const ended = once(child, 'exit');
  t.after(async () => {
    child.kill('SIGKILL');
    await ended;
  });
  return { process: child, log };
}

async function answers({ process, log }: Running, ready: () => Promise<boolean>): Promise<void> {
  while (!(await ready().catch(() => false))) {
    if (process.exitCode !== null)
      throw new Error(`${process.spawnfile} ended: ${readFileSync(log, 'utf8').slice(-2000)}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

function statusOf(api: string, ca: string, token: string, path: string): Promise<number> {
  return new Promise((resolve, reject) => {
    get(`${api}${path}`, { ca, agent: false, headers: { authorization: `Bearer ${token}` } }, (response) => {
      response.resume();
      response.on('end', () => resolve(response.statusCode ?? 0));
    }).once('error', reject);
  });
}

/** The token is in a file of its own, as a user's would be. */
function writeKubeconfig(api: string, dir: string, token: string): string {
  const config = join(dir, `kubeconfig-${randomUUID()}`);
  const cluster = { server: api, 'certificate-authority': join(dir, 'api.crt') };
  const context = { cluster: 'e2e', user: 'e2e' };
  const text = {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'e2e', cluster }],
    users: [{ name: 'e2e', user: { token } }],
    contexts: [{ name: 'e2e', context }],
    'current-context': 'e2e',
  };
  writeFileSync(config, JSON.stringify(text), { mode: 0o600 });
  return config;
}

function kubectl(command: string, config: string, args: readonly string[], input: string): Promise<Ended> {
  return new Promise((resolve) => {
    const env = { PATH: process.env['PATH'], HOME: dirname(config), KUBECONFIG: config };
    const child = execFile(command, [...args], { env }, (error, stdout, stderr) => {
      const code = error === null ? 0 : typeof error.code === 'number' ? error.code : null;
      resolve({ code, stdout, stderr });
    });
    child.stdin?.end(input);
  });
}
