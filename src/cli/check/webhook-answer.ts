/** What an answer of the webhook, or its lack, means to kube-apiserver, in words; used by `pamhook check`. */
import { STATUS_CODES } from 'node:http';
import { quote } from '../../config/quote.js';
import { type Asked, type Called, NO_NAMES } from './webhook-call.js';
import type { WebhookTarget } from './webhook-config.js';

export interface ReviewedStatus {
  readonly authenticated: boolean;
  readonly error: string | undefined;
  readonly audiences: readonly string[];
  readonly user: { readonly username: string; readonly uid: string; readonly groups: readonly string[] };
}

/** What is wrong, with its cure; or the status of a TokenReview. */
export type Understood = { readonly says: string; readonly cure: string } | ReviewedStatus;

/** Nothing of it shows the token, whatever the server sends back. */
export function understand(called: Called, target: WebhookTarget, asked: Asked): Understood {
  if ('code' in called) return failureOf(called, target);
  const { status, body, location } = called;
  const message = messageIn(body)?.replaceAll(asked.token, '[token]');
  const said = `${status} ${STATUS_CODES[status] ?? ''}`.trim() + (message === undefined ? '' : `: ${quote(message)}`);
  if (location !== undefined && status >= 300 && status < 400)
    return wrong(`${said}: a redirect, which would be followed with the token`, 'name the URL of pamhook itself');
  const review = reviewIn(body, asked);
  if (review !== undefined && (status === 200 || review.error !== undefined)) return review;
  if (status === 200)
    return wrong(`${said}, and no TokenReview of ${asked.version}`, 'name the URL of pamhook, with /authenticate');
  return wrong(said, CURES[status] ?? 'see the log of pamhook, and of what stands before it');
}

const CURES: Readonly<Record<number, string>> = {
  400: 'see that pamhook answers there, and nothing else does',
  401: 'give the kubeconfig a client certificate that client-ca-file and client-ca-subject of pamhook let in: its log says what is wrong with this one',
  403: 'see what stands before pamhook: it never says so itself',
  404: 'end the server URL with /authenticate; with webhook-bind-address name its port',
  405: 'end the server URL with /authenticate',
  500: 'see the log of pamhook; kube-apiserver tries again',
  502: 'see what stands before pamhook, which it cannot reach',
  503: 'see what stands before pamhook: it never says so itself to a review, and kube-apiserver does not try again',
  504: 'see what stands before pamhook, which it cannot reach',
};

const OTHER_CA = [
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'CERT_SIGNATURE_FAILURE',
];

function failureOf({ code, message }: { code: string; message: string }, target: WebhookTarget): Understood {
  const where = `${target.host}, port ${target.port}`;
  if (OTHER_CA.includes(code))
    return wrong(
      `the server's certificate is of another CA than certificate-authority (${code})`,
      target.ca === undefined
        ? 'give the kubeconfig the CA that signed it as certificate-authority'
        : 'give the CA that signed it; the server must send the intermediate certificates (cert-file)',
    );
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID' || code === NO_NAMES)
    return wrong(
      `the server's certificate is not for ${quote(target.serverName)}${code === NO_NAMES ? ': it has no subjectAltName' : ''}`,
      'issue it for that name, or name one that it has as tls-server-name',
    );
  if (code === 'CERT_HAS_EXPIRED') return wrong("the server's certificate has expired", 'renew it (cert-file)');
  if (code === 'CERT_NOT_YET_VALID') return wrong("the server's certificate is not valid yet", 'compare the clocks');
  // EPROTO, with OpenSSL's own words behind it, or a code made of them.
  const protocol = /^EPROTO|^ERR_SSL_/.test(code) ? `${code} ${message}`.replaceAll('_', ' ').toLowerCase() : '';
  if (/alert|handshake failure/.test(protocol))
    return wrong(
      `the server ended the TLS handshake (${code})`,
      'give the kubeconfig a client certificate that the server takes',
    );
  if (/wrong version|packet length|http request/.test(protocol))
    return wrong(`${where} does not speak TLS (${code})`, 'name the port on which pamhook listens');
  if (code === 'ABORT_ERR')
    return wrong(`${where} gave no answer within 30 s`, 'see whether pamhook runs, and the way to it');
  const cure = REACHING[code] ?? 'see whether pamhook runs there, and the way to it';
  return wrong(`${where} cannot be reached (${/^E[A-Z_]+$/.test(code) ? code : quote(message)})`, cure);
}

const REACHING: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'start pamhook, or name the address and port on which it listens',
  ENOTFOUND: 'name a host that kube-apiserver can resolve: it may use another DNS than the cluster',
  EAI_AGAIN: 'see to the DNS, or name an address',
  ECONNRESET: 'see whether pamhook listens there, and whether its places for connections are taken',
};

/** Of a Kubernetes Status. */
function messageIn(body: string): string | undefined {
  const parsed = parseJson(body);
  return isObject(parsed) && typeof parsed['message'] === 'string' ? parsed['message'] : undefined;
}

/** A TokenReview in the version that was asked for: another is a failed call. */
function reviewIn(body: string, { version }: Asked): ReviewedStatus | undefined {
  const review = parseJson(body);
  if (!isObject(review) || review['kind'] !== 'TokenReview') return undefined;
  if (review['apiVersion'] !== `authentication.k8s.io/${version}`) return undefined;
  const status = isObject(review['status']) ? review['status'] : {};
  const user = isObject(status['user']) ? status['user'] : {};
  return {
    authenticated: status['authenticated'] === true,
    error: typeof status['error'] === 'string' && status['error'] !== '' ? status['error'] : undefined,
    audiences: textsIn(status['audiences']),
    user: { username: textIn(user['username']), uid: textIn(user['uid']), groups: textsIn(user['groups']) },
  };
}

function textIn(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

function textsIn(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((each) => typeof each === 'string') : [];
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function wrong(says: string, cure: string): Understood {
  return { says, cure };
}
