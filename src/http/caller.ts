/** Who may ask for reviews where client-ca-file is set: whoever shows a client certificate that is in order. Judged by the front. */
import type { TLSSocket } from 'node:tls';
import type { Handler, RequestContext } from './request-context.js';
import { sendStatus } from './status.js';

/** Why a caller is turned away, and what whoever runs it can do about it. */
export const callerFaults = {
  'no certificate': 'none was shown: give the webhook kubeconfig a client-certificate and a client-key',
  'unknown issuer':
    'it leads to no root of client-ca-file: let that CA sign it, and show the intermediate certificates too',
  expired: 'it, or its CA, is out of date: renew it',
  'not yet valid': 'it, or its CA, is not valid yet: compare the clocks',
  'not for clients': 'its extended key usage is another: issue it for clientAuth',
  'wrong subject': 'its common name is none of client-ca-subject',
  'not in order': 'OpenSSL refuses it: issue it anew',
} as const satisfies Record<string, string>;

export type CallerFault = keyof typeof callerFaults;

export interface RefusedCaller {
  readonly fault: CallerFault;
  readonly source: string;
  readonly requestId: string;
  /** The common name that was shown, which may be anybody's; cut. */
  readonly commonName?: string;
}

export interface CallersOptions {
  /** Common names of which a certificate must have one; empty: every certificate of the CA will do. */
  readonly subjects: readonly string[];
  readonly onRefused: (caller: RefusedCaller) => void;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

/** Of a TLS connection. Times are milliseconds since the epoch. */
export type Judgement =
  | { readonly fault: CallerFault; readonly commonName?: string }
  | { readonly fault?: undefined; readonly validFrom: number; readonly validTo: number };

/** X.520's bound on a common name. */
const LONGEST_NAME = 64;

/** The errors of X509_verify_cert(3), as Node names them. */
const FAULTS: Readonly<Record<string, CallerFault>> = {
  UNABLE_TO_GET_ISSUER_CERT: 'unknown issuer',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'unknown issuer',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'unknown issuer',
  SELF_SIGNED_CERT_IN_CHAIN: 'unknown issuer',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'unknown issuer',
  CERT_SIGNATURE_FAILURE: 'unknown issuer',
  CERT_HAS_EXPIRED: 'expired',
  CERT_NOT_YET_VALID: 'not yet valid',
  INVALID_PURPOSE: 'not for clients',
};

/** Lets requests through to `review` that come from such a caller, and answers the others; their bodies are not read. */
export function admitCallers(review: Handler, { subjects, onRefused, now }: CallersOptions): Handler {
  const judgeNow = createCallerJudge(subjects, now);
  return (request, response, context) => {
    const caller = judgeNow(request.socket as TLSSocket, context);
    // kube-apiserver comes again after a 500, on a new connection.
    if (caller === 'outdated') {
      sendStatus(response, context, 500, 'the client certificate must be shown again', { Connection: 'close' });
      return;
    }
    if (caller.fault === undefined) {
      review(request, response, context);
      return;
    }
    const { source, requestId } = context;
    onRefused({ ...caller, source, requestId });
    // 401 is one call. A TokenReview that says no would be cached, and would refuse the user in place of the caller.
    sendStatus(response, context, 401, 'a client certificate is required');
  };
}

/** `outdated`: judged when the connection was made, by what holds no longer. `now`: milliseconds since the epoch. */
export function createCallerJudge(subjects: readonly string[], now: () => number) {
  const judged = new WeakMap<TLSSocket, Judgement>();
  return (socket: TLSSocket, { outdated }: Pick<RequestContext, 'outdated'>): Judgement | 'outdated' => {
    const caller = judged.get(socket) ?? judge(socket, subjects);
    judged.set(socket, caller);
    return outdated || (caller.fault === undefined && !isInForce(caller, now())) ? 'outdated' : caller;
  };
}

function isInForce({ validFrom, validTo }: { validFrom: number; validTo: number }, now: number): boolean {
  return validFrom <= now && now <= validTo;
}

/** What OpenSSL and client-ca-subject say of the certificate that the peer showed in the handshake. */
export function judge(socket: TLSSocket, subjects: readonly string[]): Judgement {
  const certificate = socket.getPeerX509Certificate();
  // Before `authorized`, which Node 20 and 22 also set where a session of TLS 1.3 is resumed that never had a certificate.
  if (certificate === undefined) return { fault: 'no certificate' };
  const { CN } = socket.getPeerCertificate().subject ?? {};
  // One that names two would be whichever it likes.
  const commonName = typeof CN === 'string' ? CN : undefined;
  const shown = commonName === undefined ? {} : { commonName: commonName.slice(0, LONGEST_NAME) };
  if (!socket.authorized) return { fault: faultOf(socket.authorizationError), ...shown };
  if (subjects.length > 0 && (commonName === undefined || !subjects.includes(commonName)))
    return { fault: 'wrong subject', ...shown };
  return { validFrom: Date.parse(certificate.validFrom), validTo: Date.parse(certificate.validTo) };
}

/** Node's types call it an Error, and it is a word. */
function faultOf(error: unknown): CallerFault {
  const code = error instanceof Error ? error.message : String(error);
  return Object.hasOwn(FAULTS, code) ? (FAULTS[code] as CallerFault) : 'not in order';
}
