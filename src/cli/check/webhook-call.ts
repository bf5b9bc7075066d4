/** One call of the webhook, as kube-apiserver makes it; used by `pamhook check`. */
import { type RequestOptions, request } from 'node:https';
import { checkServerIdentity, type PeerCertificate } from 'node:tls';
import { gunzipSync } from 'node:zlib';
import { version } from '../../config/version.js';
import type { WebhookTarget } from './webhook-config.js';

export type WebhookVersion = 'v1' | 'v1beta1';

export interface Asked {
  readonly token: string;
  readonly version: WebhookVersion;
  readonly audiences: readonly string[];
}

export type Called =
  | { readonly status: number; readonly body: string; readonly location: string | undefined }
  /** `code`: Node's. */
  | { readonly code: string; readonly message: string };

/** As long as kube-apiserver waits, milliseconds. */
const TIMEOUT = 30_000;
/** Bytes of an answer. */
const LARGEST = 1024 * 1024;

/** Go looks at subjectAltName alone, Node at the common name too. */
export const NO_NAMES = 'PAMHOOK_NO_NAMES';

export function callWebhook(target: WebhookTarget, asked: Asked): Promise<Called> {
  return new Promise((resolve) => {
    const failed = (error: NodeJS.ErrnoException) => resolve({ code: error.code ?? 'error', message: error.message });
    const body = reviewOf(asked);
    const call = request(optionsOf(target, body.length), (response) => {
      const chunks: Buffer[] = [];
      let length = 0;
      response.on('data', (chunk: Buffer) => {
        length += chunk.length;
        if (length > LARGEST) response.destroy(new Error(`an answer of more than ${LARGEST} bytes`));
        else chunks.push(chunk);
      });
      response.on('error', failed);
      response.on('end', () => {
        const { statusCode: status = 0, headers } = response;
        const bytes = Buffer.concat(chunks);
        resolve({ status, body: decoded(bytes, headers['content-encoding']), location: headers.location });
      });
    });
    call.on('error', failed);
    call.end(body);
  });
}

function optionsOf(
  { host, port, path, serverName, ca, insecure, client }: WebhookTarget,
  length: number,
): RequestOptions {
  return {
    host,
    port,
    path: `${path}?timeout=30s`,
    method: 'POST',
    agent: false,
    signal: AbortSignal.timeout(TIMEOUT),
    servername: /^[\d.]+$|:/.test(serverName) ? '' : serverName,
    rejectUnauthorized: !insecure,
    checkServerIdentity: (_name, certificate) => nameFault(serverName, certificate),
    ...(ca === undefined ? {} : { ca }),
    ...(client === undefined ? {} : { cert: client.cert, key: client.key }),
    headers: {
      'User-Agent': `pamhook/${version}`,
      'Content-Length': length,
      Accept: 'application/json, */*',
      'Content-Type': 'application/json',
      'Accept-Encoding': 'gzip',
    },
  };
}

function nameFault(serverName: string, certificate: PeerCertificate): Error | undefined {
  if (certificate.subjectaltname === undefined)
    return Object.assign(new Error('the certificate has no subjectAltName'), { code: NO_NAMES });
  return checkServerIdentity(serverName, certificate);
}

function reviewOf({ token, version: of, audiences }: Asked): Buffer {
  const spec = audiences.length === 0 ? { token } : { token, audiences };
  const review = {
    kind: 'TokenReview',
    apiVersion: `authentication.k8s.io/${of}`,
    metadata: { creationTimestamp: null },
    spec,
    status: { user: {} },
  };
  return Buffer.from(JSON.stringify(review));
}

function decoded(bytes: Buffer, encoding: string | undefined): string {
  try {
    return (encoding === 'gzip' ? gunzipSync(bytes, { maxOutputLength: LARGEST }) : bytes).toString('utf8');
  } catch {
    return '';
  }
}
