/** Why a connection came to nothing, in words for a person, and what to do about each. */
import { LoginFailure } from '../failure.js';
import { printable } from '../printable.js';

/** Codes of Node and of OpenSSL's verification, X509_V_ERR_* without that. */
const UNTRUSTED = new Set([
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'CERT_SIGNATURE_FAILURE',
  'CERT_UNTRUSTED',
  'INVALID_CA',
  'INVALID_PURPOSE',
]);
const UNREACHABLE = new Set([
  'ECONNREFUSED',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ETIMEDOUT',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EADDRNOTAVAIL',
]);

/** Milliseconds for a whole request, the way to a proxy included. */
export const TIMEOUT = 30_000;

/** What was tried: pamhook itself, or the proxy on the way to it. `timeout`: the one that held. */
export interface Tried {
  readonly timeout?: number;
  readonly isProxy?: boolean;
}

export function explainConnection(
  error: unknown,
  url: URL,
  { timeout = TIMEOUT, isProxy = false }: Tried = {},
): LoginFailure {
  const cause = firstOf(error);
  const code = codeOf(cause);
  const [message, cure] = wordsFor(code, cause, url, { timeout, isProxy });
  return new LoginFailure(message, cure, { cause: error });
}

function wordsFor(
  code: string,
  cause: unknown,
  { host, hostname }: URL,
  { timeout, isProxy }: Required<Tried>,
): [string, string] {
  const where = isProxy ? "the proxy's URL" : '--server';
  const reachable = `see whether host and port of ${where} are right, and whether ${isProxy ? '' : 'a proxy or '}a VPN is needed`;
  if (code === 'ABORT_ERR')
    return [`${host} did not answer within ${timeout / 1000} s`, `${reachable}; then try again`];
  if (UNREACHABLE.has(code)) return [`${host} cannot be reached (${code})`, reachable];
  if (UNTRUSTED.has(code)) {
    return [
      `the certificate of ${host} is signed by a CA that is not trusted here (${code})`,
      isProxy
        ? "add the CA's certificate to those of the system"
        : "give the CA's certificate as --certificate-authority FILE; whoever runs pamhook has it",
    ];
  }
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID') {
    return [
      `the certificate of ${host} is not for ${hostname}${namesIn(cause)}`,
      `use a name in ${where} that it is for, or have one made for this name`,
    ];
  }
  if (code === 'CERT_HAS_EXPIRED' || code === 'CERT_NOT_YET_VALID') {
    const state = code === 'CERT_HAS_EXPIRED' ? 'has expired' : 'is not valid yet';
    return [
      `the certificate of ${host} ${state}`,
      `tell whoever runs it, unless this machine's clock is wrong: it says ${new Date().toISOString()}`,
    ];
  }
  if (code === 'EPROTO' || code.startsWith('ERR_SSL_')) {
    return [`what answers at ${host} speaks no TLS that can be used (${code})`, reachable];
  }
  const reason = printable(cause instanceof Error ? cause.message : String(cause));
  return [`the connection to ${host} failed (${code === '' ? reason : code})`, 'try again'];
}

/** Where several addresses were tried, what was wrong with the first. */
function firstOf(error: unknown): unknown {
  return error instanceof AggregateError && error.errors.length > 0 ? error.errors[0] : error;
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : '';
}

function namesIn(error: unknown): string {
  const cert = error instanceof Error && 'cert' in error ? error.cert : undefined;
  const names = typeof cert === 'object' && cert !== null && 'subjectaltname' in cert ? cert.subjectaltname : undefined;
  return typeof names === 'string' ? `, but for ${printable(names)}` : '';
}
