/** The kubeconfig by which kube-apiserver finds the webhook (--authentication-token-webhook-config-file); made by `pamhook init`. */
import { stringify } from 'yaml';
import { CLIENT_NAME, type ClientIdentity } from './certificates.js';
import type { HostName } from './host-name.js';

const NAME = 'pamhook';
const USER = CLIENT_NAME;

/** By the first name, which the certificate carries as all others. */
export function serverUrl([first]: readonly HostName[], port: number): string {
  const host = first?.value.includes(':') ? `[${first.value}]` : first?.value;
  return `https://${host}:${port}/authenticate`;
}

/** PEM texts, inlined so that one file is all that kube-apiserver needs. `client`: the certificate that it shows, and its key. */
export function webhookKubeconfig(server: string, caCertificate: string, client?: ClientIdentity): string {
  const authority = base64(caCertificate);
  const user =
    client === undefined
      ? {}
      : { 'client-certificate-data': base64(client.certificate), 'client-key-data': base64(client.key) };
  return stringify(
    {
      apiVersion: 'v1',
      kind: 'Config',
      clusters: [{ name: NAME, cluster: { server, 'certificate-authority-data': authority } }],
      users: [{ name: USER, user }],
      contexts: [{ name: NAME, context: { cluster: NAME, user: USER } }],
      'current-context': NAME,
    },
    { lineWidth: 0 },
  );
}

function base64(text: string): string {
  return Buffer.from(text).toString('base64');
}
