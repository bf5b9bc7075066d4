/** Every bound on what a client may send, hold or delay: one table, read by the front and by the docs. */
import { MAX_TOKEN_CHARACTERS } from '../token/claims.js';

/** Sizes are bytes, times milliseconds, the rest are counts. */
export interface Bounds {
  readonly connections: number;
  readonly connectionsPerSource: number;
  readonly requestsPerConnection: number;
  readonly pipelinedRequests: number;
  readonly handshakeTimeout: number;
  readonly handshakeBytes: number;
  readonly largeHandshakes: number;
  readonly headersTimeout: number;
  readonly requestTimeout: number;
  readonly keepAliveTimeout: number;
  readonly answerTimeout: number;
  readonly lingerTimeout: number;
  readonly drainIdleTimeout: number;
  readonly checkInterval: number;
  readonly headerBytes: number;
  readonly reviewBodyBytes: number;
  readonly keptBodyBytes: number;
  readonly smallBodyBytes: number;
  readonly largeBodiesBytes: number;
  readonly otherBodyBytes: number;
  readonly jsonDepth: number;
  readonly jsonMembers: number;
  readonly tokenCharacters: number;
  readonly headerTokenCharacters: number;
  readonly reviewAudiences: number;
  readonly furtherResponses: number;
  readonly throttledHold: number;
  readonly throttledHeld: number;
}

export const bounds: Bounds = {
  connections: 8192,
  connectionsPerSource: 4096,
  requestsPerConnection: 10_000,
  pipelinedRequests: 100,
  handshakeTimeout: 10_000,
  handshakeBytes: 8 * 1024,
  largeHandshakes: 128,
  headersTimeout: 10_000,
  requestTimeout: 20_000,
  // Longer than the 90 s after which a Go client lets an idle connection go: else both ends could act at once and lose a request.
  keepAliveTimeout: 120_000,
  answerTimeout: 10_000,
  lingerTimeout: 1_000,
  drainIdleTimeout: 2_000,
  checkInterval: 1_000,
  headerBytes: 16 * 1024,
  reviewBodyBytes: 1024 * 1024,
  keptBodyBytes: 256 * 1024,
  smallBodyBytes: 16 * 1024,
  largeBodiesBytes: 16 * 1024 * 1024,
  otherBodyBytes: 8 * 1024,
  jsonDepth: 64,
  jsonMembers: 10_000,
  tokenCharacters: MAX_TOKEN_CHARACTERS,
  headerTokenCharacters: 8 * 1024,
  reviewAudiences: 1000,
  furtherResponses: 8,
  throttledHold: 1_000,
  throttledHeld: 64,
};

/** What each bound limits, and what a client meets beyond it. */
export const boundMeanings: Readonly<Record<keyof Bounds, string>> = {
  connections: 'connections at once; more are closed as they come (`max-connections`)',
  connectionsPerSource:
    'connections at once from one address (IPv6: one /64) that is no trusted proxy; more are closed as they come (`max-connections-per-source`)',
  requestsPerConnection: 'requests on one connection; the last answer says `Connection: close`',
  pipelinedRequests: 'requests of one connection that wait for an answer; beyond, the connection is closed',
  handshakeTimeout: 'from the TCP connection to the end of the TLS handshake; then closed (`handshake-timeout`)',
  handshakeBytes:
    'what a client sends in a TLS handshake that asks it for certificates, and in one piece with its end; a longer one is a large one',
  largeHandshakes: 'connections at once that had a large one; more are closed',
  headersTimeout:
    'from the handshake, or the first byte of a further request, to the end of the headers; then 408 (`header-timeout`)',
  requestTimeout: 'from the same moment to the end of the body; then 408 (`request-timeout`)',
  keepAliveTimeout: 'without a request; then closed (`keep-alive-timeout`)',
  answerTimeout: 'in which a client must have taken something of an answer; then closed',
  lingerTimeout: 'for which a connection is kept for the client to read the answer to a malformed request',
  drainIdleTimeout: 'without a request once the daemon is stopping; then closed',
  checkInterval: 'between two looks for clients beyond these times, so that much later at most',
  headerBytes: 'the request target, and the names and values of headers, together; then 431',
  reviewBodyBytes: 'the body of a TokenReview; then 413',
  keptBodyBytes: 'a TokenReview in which strings that are too long for a token are cut; then 413',
  smallBodyBytes: 'a body that is always read, however many large ones are under way',
  largeBodiesBytes: 'what is kept of all bodies larger than that together; then 500',
  otherBodyBytes: 'any other body that is read; then 413',
  jsonDepth: 'levels of arrays and objects in a TokenReview, or in the JSON body of a login; then 400',
  jsonMembers: 'strings, arrays, objects and commas in a TokenReview; then 400',
  tokenCharacters: 'a token; a longer one is answered with no, unread',
  headerTokenCharacters:
    'a token that an answer has in its `Authorization` header too; a longer one is in the body alone',
  reviewAudiences: 'entries of `spec.audiences`; then 400',
  furtherResponses: '`X-Pamhook-Response` headers; then 400',
  throttledHold: 'for which an answer of 429 is held back',
  throttledHeld: 'answers of 429 held back at once for one source; beyond, the connection is closed',
};
