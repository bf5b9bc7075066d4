/** How the front speaks TLS: 1.2 and 1.3, forward secrecy and authenticated encryption only, HTTP/1.1 only. */
import { constants } from 'node:crypto';
import type { SecureContextOptions, TlsOptions } from 'node:tls';

/** PEM: the certificate chain and its private key. */
export interface TlsIdentity {
  readonly cert: string | Buffer;
  readonly key: string | Buffer;
  /** PEM: clients are asked for a certificate, which these judge. Absent: they are not asked. */
  readonly clientCa?: string;
}

const CIPHERS = [
  'TLS_AES_128_GCM_SHA256',
  'TLS_AES_256_GCM_SHA384',
  'TLS_CHACHA20_POLY1305_SHA256',
  'ECDHE-ECDSA-AES128-GCM-SHA256',
  'ECDHE-RSA-AES128-GCM-SHA256',
  'ECDHE-ECDSA-AES256-GCM-SHA384',
  'ECDHE-RSA-AES256-GCM-SHA384',
  'ECDHE-ECDSA-CHACHA20-POLY1305',
  'ECDHE-RSA-CHACHA20-POLY1305',
];

/** A resumed session would bring along the judgement of a certificate that may have expired, or of a CA that was taken away since. */
const NO_RESUMPTION = constants.SSL_OP_NO_TICKET;

/** What goes with a certificate, whenever it is replaced. */
export function secureContext({ cert, key, clientCa }: TlsIdentity): SecureContextOptions {
  return {
    cert,
    key,
    // Of clients that are asked for none no certificate is judged: without a list Node would read all of its own CAs, which takes 30 ms.
    ca: clientCa ?? [],
    minVersion: 'TLSv1.2',
    ciphers: CIPHERS.join(':'),
    // A renegotiation costs the server much and the client little, and nobody needs one.
    secureOptions: constants.SSL_OP_NO_RENEGOTIATION | (clientCa === undefined ? 0 : NO_RESUMPTION),
  };
}

/** What cannot change while the server runs. Who is let in without a certificate is the handlers' to say. */
export function clientCertificates({ clientCa }: TlsIdentity): Pick<TlsOptions, 'requestCert' | 'rejectUnauthorized'> {
  return { requestCert: clientCa !== undefined, rejectUnauthorized: false };
}

export const alpn: Pick<TlsOptions, 'ALPNProtocols'> = { ALPNProtocols: ['http/1.1'] };
