/** The kubeconfig by which kube-apiserver finds the webhook (--authentication-token-webhook-config-file); made by `pamhook init`. */
import { stringify } from 'yaml';
import type { HostName } from './host-name.js';

const NAME = 'pamhook';
const USER = 'kube-apiserver';

/** By the first name, which the certificate carries as all others. */
export function serverUrl([first]: readonly HostName[], port: number): string {
  const host = first?.value.includes(':') ? `[${first.value}]` : first?.value;
  return `https://${host}:${port}/authenticate`;
}

/** `caCertificate`: PEM, inlined so that one file is all that kube-apiserver needs. */
export function webhookKubeconfig(server: string, caCertificate: string): string {
  const authority = Buffer.from(caCertificate).toString('base64');
  return stringify(
    {
      apiVersion: 'v1',
      kind: 'Config',
      clusters: [{ name: NAME, cluster: { server, 'certificate-authority-data': authority } }],
      users: [{ name: USER, user: {} }],
      contexts: [{ name: NAME, context: { cluster: NAME, user: USER } }],
      'current-context': NAME,
    },
    { lineWidth: 0 },
  );
}
