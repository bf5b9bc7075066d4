/** `pamhook init`: writes certificates, a signing key, and what kube-apiserver and PAM need, so that `pamhook serve` can start. */
import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { packageRoot } from '../package-root.js';
import type { CommandIo } from './command.js';
import { DEFAULT_PORT, INIT_USAGE, type InitArguments, parseInitArguments } from './init/arguments.js';
import { CLIENT_NAME, makeClientIdentity, makeIdentity } from './init/certificates.js';
import { serverUrl, webhookKubeconfig } from './init/kubeconfig.js';
import { kubernetesSteps, webhookFlags } from './init/kubernetes.js';
import { type NewFile, writeNewFiles } from './init/new-files.js';
import { shellWord } from './init/shell-word.js';
import { SIGNING_KEY, VERIFICATION } from './keys/key-directory.js';

const KUBECONFIG = 'webhook.kubeconfig';
const PAM_SERVICE = 'pamhook.pam';
const DEBIAN_SERVICE = `${packageRoot}pam.d-examples/debian`;
const CLIENT_CA = 'client-ca.crt';

/** Resolves to 0. `now`: milliseconds since the epoch. Throws ConfigurationError, nothing having changed, or Node's error of a write. */
export async function runInit(argv: readonly string[], io: CommandIo, now: () => number = Date.now): Promise<number> {
  const init = parseInitArguments(argv);
  if (init === undefined) {
    io.stdout.write(INIT_USAGE);
    return 0;
  }
  const dir = resolve(init.dir);
  const files = await makeFiles(init, now());
  await writeNewFiles(dir, files, VERIFICATION, init.force);
  const names = [...files.map(({ name }) => name), `${VERIFICATION}/`];
  io.stdout.write(report(dir, names, init));
  return 0;
}

async function makeFiles({ hostNames, port, clientCert }: InitArguments, now: number): Promise<readonly NewFile[]> {
  const identity = await makeIdentity(hostNames, now);
  const client = clientCert ? await makeClientIdentity(now) : undefined;
  const { caCertificate } = identity;
  return [
    { name: 'ca.crt', mode: 0o644, text: caCertificate },
    { name: 'server.crt', mode: 0o644, text: identity.certificate },
    { name: 'server.key', mode: 0o600, text: identity.key },
    { name: SIGNING_KEY, mode: 0o600, text: identity.signingKey },
    ...(client === undefined ? [] : [{ name: CLIENT_CA, mode: 0o644, text: client.caCertificate }]),
    {
      name: KUBECONFIG,
      mode: client === undefined ? 0o644 : 0o600,
      text: webhookKubeconfig(serverUrl(hostNames, port), caCertificate, client),
    },
    { name: PAM_SERVICE, mode: 0o644, text: await readFile(DEBIAN_SERVICE, 'utf8') },
  ];
}

function report(dir: string, names: readonly string[], { port, clientCert, kubernetes }: InitArguments): string {
  const path = (name: string) => shellWord(join(dir, name));
  const serve = [
    'pamhook serve',
    ...(port === DEFAULT_PORT ? [] : [`-bind-port ${port}`]),
    `-cert-file ${path('server.crt')}`,
    `-key-file ${path('server.key')}`,
    `-signing-key-file ${path(SIGNING_KEY)}`,
    `-verification-key-files ${path(VERIFICATION)}`,
    ...(clientCert ? [`-client-ca-file ${path(CLIENT_CA)}`, `-client-ca-subject ${CLIENT_NAME}`] : []),
  ].join(' ');
  const kubeconfig = join(dir, KUBECONFIG);
  return `Written to ${dir}: ${names.join(', ')}. ${clientCert ? "The CAs' keys were" : "The CA's key was"} not kept.
Clients check the server with ${join(dir, 'ca.crt')}.

PAM, on Debian and Ubuntu (elsewhere it needs the includes of that system):

  install -m 644 ${path(PAM_SERVICE)} /etc/pam.d/pamhook

Serve with:

  ${serve}

${kubernetes === undefined ? flagsText(kubeconfig) : kubernetesSteps(kubernetes, { path: kubeconfig, hasKey: clientCert })}`;
}

function flagsText(kubeconfig: string): string {
  const flags = webhookFlags(shellWord(kubeconfig)).map(([name, value]) => `  --${name}=${value}\n`);
  return `Start kube-apiserver with these flags; the file must be where it runs:

${flags.join('')}`;
}
