/** The command line of `pamhook init`, parsed and checked. */
import { wholeNumber } from '../../config/format.js';
import { optionNamed } from '../../config/options.js';
import { quote } from '../../config/quote.js';
import { ConfigurationError } from '../../errors.js';
import { parseChoice, parseFlags } from '../flags.js';
import { type HostName, parseHostNames } from './host-name.js';
import { KUBERNETES_KINDS, type KubernetesKind } from './kubernetes.js';

export interface InitArguments {
  readonly dir: string;
  readonly hostNames: readonly HostName[];
  readonly port: number;
  readonly force: boolean;
  /** Whether kube-apiserver gets a certificate of its own to show. */
  readonly clientCert: boolean;
  /** undefined: its flags are enough. */
  readonly kubernetes: KubernetesKind | undefined;
}

export const DEFAULT_PORT = optionNamed('bind-port').default as number;

export const INIT_USAGE = `Usage: pamhook init --dir D --hostname H[,IP...] [--port N] [--client-cert]
                    [--kubernetes kubeadm|k3s|static] [--force]

Writes into the directory D what pamhook needs, and prints the command that serves with it and the
flags that kube-apiserver needs:

  ca.crt              the certificate of a throw-away CA, whose key is not kept: for another server
                      certificate, run this again
  server.crt          a certificate for the names and addresses given, good for 397 days
  server.key          its key
  signing-key.pem     an EC key that signs tokens
  verification/       empty: for the public keys of \`pamhook keys rotate\`
  webhook.kubeconfig  tells kube-apiserver where pamhook is; has the CA's certificate in it
  client-ca.crt       with --client-cert: the CA of the certificate in webhook.kubeconfig
  pamhook.pam         a PAM service file for Debian and Ubuntu, to be put into /etc/pam.d

  --dir D              the directory; made if its parent exists
  --hostname H[,IP...] the host names and IP addresses by which clients reach pamhook; may be given
                       more than once. kube-apiserver uses the first
  --port N             the port on which pamhook serves; default: ${DEFAULT_PORT}
  --client-cert        gives kube-apiserver a client certificate, in webhook.kubeconfig, which then
                       is a secret; nobody else can ask for reviews
  --kubernetes KIND    prints the steps for an API server that is run by kubeadm, by k3s, or from
                       the manifest of a static Pod
  --force              replaces files that are there; tokens signed by an earlier signing-key.pem
                       end, unless \`pamhook keys rotate\` has published that key
  --help               prints this

Example: pamhook init --dir /etc/pamhook --hostname pamhook.example.org,192.0.2.7
`;

/** undefined: help was asked for. Throws ConfigurationError. */
export function parseInitArguments(argv: readonly string[]): InitArguments | undefined {
  const values = parseFlags('init', argv, {
    dir: { type: 'string' },
    hostname: { type: 'string', multiple: true },
    port: { type: 'string' },
    force: { type: 'boolean' },
    'client-cert': { type: 'boolean' },
    kubernetes: { type: 'string' },
    help: { type: 'boolean', short: 'h' },
  });
  if (values.help === true) {
    return undefined;
  }
  if (values.dir === undefined || values.dir === '' || values.hostname === undefined) {
    throw new ConfigurationError('init needs --dir and --hostname', 'try: pamhook init --help');
  }
  return {
    dir: values.dir,
    hostNames: parseHostNames(values.hostname.join(',')),
    port: values.port === undefined ? DEFAULT_PORT : parsePort(values.port),
    force: values.force === true,
    clientCert: values['client-cert'] === true,
    kubernetes:
      values.kubernetes === undefined ? undefined : parseChoice('kubernetes', values.kubernetes, KUBERNETES_KINDS),
  };
}

function parsePort(text: string): number {
  const format = wholeNumber(1, 65_535);
  const port = format.parse(text);
  if (format.holds(port)) return port;
  throw new ConfigurationError(`--port must be ${format.expected}, not ${quote(text)}`);
}
