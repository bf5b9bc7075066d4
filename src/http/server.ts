/** The HTTPS server of the front: connections, their bounds, the graceful stop; what is answered is the handlers'. */
import { randomUUID } from 'node:crypto';
import { type IncomingMessage, type ServerResponse, STATUS_CODES } from 'node:http';
import { createServer, type Server } from 'node:https';
import { type AddressInfo, Server as NetServer, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { TLSSocket } from 'node:tls';
import type { Logger } from '../log/logger.js';
import { beginAccess } from './access-log.js';
import { createAdmission } from './admission.js';
import { answerBare, statusOfParserError } from './bare-answer.js';
import { type Bounds, bounds as defaultBounds } from './bounds.js';
import {
  beginAnswer,
  type Connection,
  closeAfterAnswers,
  createConnection,
  endAnswer,
  loseAnswers,
} from './connection.js';
import { clientAddress, createTrustedProxies } from './forwarded-for.js';
import { framingFault } from './framing.js';
import { createHandshakes } from './handshakes.js';
import { headerValues } from './raw-headers.js';
import type { Handler, RequestContext } from './request-context.js';
import { originForm, pathOf } from './request-target.js';
import { sourceAddress } from './source-address.js';
import { alpn, clientCertificates, secureContext, type TlsIdentity } from './tls-options.js';
import { type Traffic, uncounted } from './traffic.js';
import { createUnreadAnswers } from './unread-answers.js';
import { boundUnreadBody } from './unread-body.js';

export interface FrontServerOptions {
  readonly tls: TlsIdentity;
  readonly handlers: {
    /** Answers the path `/authenticate`, before Express. */
    readonly authenticate: Handler;
    /** Answers everything else. */
    readonly app: Handler;
  };
  readonly log: Logger;
  /** Addresses and networks whose X-Forwarded-For is believed; none. */
  readonly trustedProxies?: readonly string[];
  /** Those that differ from the defaults. */
  readonly bounds?: Partial<Bounds>;
  readonly traffic?: Traffic;
}

/** Connections that may wait to be accepted: Node gives a socket that is already listening its own number else, and that is half of it. */
const BACKLOG = 1024;

/** A listening socket that another process opened, or an address to listen on. */
export type Listening = { readonly fd: number } | { readonly host: string; readonly port: number };

export interface FrontServer {
  /** Rejects with Node's error (`code` EADDRINUSE, EBADF, ...). */
  listenOn(where: Listening): Promise<AddressInfo>;
  /** undefined while not listening. */
  address(): AddressInfo | undefined;
  /**
   * Takes no more connections and resolves when the last is gone. Everything asked on an accepted connection is answered,
   * from now on with `Connection: close`; idle connections end after `drainIdleTimeout`.
   */
  drain(): Promise<void>;
  /** Ends all connections now. */
  close(): Promise<void>;
  /**
   * The certificate and key of connections from now on, and the CA of their clients: where that is another, older connections are closed
   * after their answers. Throws Error when they cannot be used; then nothing changes.
   */
  setTls(tls: TlsIdentity): void;
}

export function createFrontServer(options: FrontServerOptions): FrontServer {
  const { handlers, log, traffic = uncounted } = options;
  const bounds: Bounds = { ...defaultBounds, ...options.bounds };
  const proxies = createTrustedProxies(options.trustedProxies ?? []);
  const admission = createAdmission(bounds.connectionsPerSource, proxies);
  const connections = new Map<Duplex, Connection>();
  const server = createServer(serverOptions(options.tls, bounds), receive);
  // Who is not asked for certificates can send none.
  const large = options.tls.clientCa === undefined ? Number.POSITIVE_INFINITY : bounds.handshakeBytes;
  const handshakes = createHandshakes(large, bounds.largeHandshakes);
  let { clientCa } = options.tls;
  let draining: Promise<void> | undefined;

  server.maxConnections = bounds.connections;
  // Headers beyond a count would be dropped in silence, repeated ones with them; their bytes are bounded.
  server.maxHeadersCount = 0;
  gate(server, (socket) => {
    const isAdmitted = admission.admit(socket);
    if (isAdmitted) handshakes.begin(socket);
    countConnection(socket, isAdmitted, traffic);
    return isAdmitted;
  });
  server.on('drop', () => traffic.turnedAway('total'));
  server.on('tlsClientError', traffic.handshakeFailed);
  server.on('secureConnection', track);
  server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
    // What comes behind a last request takes nothing from the answer to it.
    const isBehindLast =
      error.code === 'HPE_CLOSED_CONNECTION' && (connections.get(socket)?.unanswered.length ?? 0) > 0;
    if (!isBehindLast) reject(socket, statusOfParserError(error.code));
  });
  server.on('connect', (_request, socket) => reject(socket, 405, ['Allow: GET, HEAD, POST']));
  // RFC 9110, 10.1.1 lets a server ignore an expectation it does not know.
  server.on('checkExpectation', receive);
  const unreadAnswers = createUnreadAnswers(bounds.answerTimeout, () => performance.now());
  const looking = setInterval(() => unreadAnswers(answering(connections)), bounds.checkInterval).unref();

  function track(socket: TLSSocket): void {
    const source = sourceAddress(socket.remoteAddress);
    const { admitted, outdated } = handshakes.end(socket);
    if (!admitted) traffic.handshakeFailed();
    if (source === undefined || !admitted) {
      socket.destroy();
      return;
    }
    const connection = createConnection(source, proxies.has(source));
    if (draining) closeAfterAnswers(connection);
    if (outdated) outdate(connection);
    connections.set(socket, connection);
    socket.once('close', () => {
      connections.delete(socket);
      // Those that Node tells have been told by then.
      setImmediate(loseAnswers, connection);
    });
  }

  function receive(request: IncomingMessage, response: ServerResponse): void {
    const connection = connections.get(request.socket);
    if (connection === undefined || connection.unanswered.length >= bounds.pipelinedRequests) {
      request.socket.destroy();
      return;
    }
    // Node's parser loses what comes in one piece with a request to upgrade, in silence.
    if (request.headers.upgrade !== undefined) connection.closing = true;
    beginAnswer(connection, response, bounds.requestsPerConnection);
    // On a closing connection the newest answer ends it: look first whether more has come with the same packet.
    if (connection.closing) setImmediate(answer, request, response, connection);
    else answer(request, response, connection);
  }

  function answer(request: IncomingMessage, response: ServerResponse, connection: Connection): void {
    if (response.destroyed || connection.broken) return;
    const target = originForm(request.url ?? '');
    const path = pathOf(target ?? request.url ?? '');
    const { outdated } = connection;
    const context: RequestContext = { requestId: randomUUID(), source: sourceOf(request, connection), path, outdated };
    const logAccess = beginAccess(log, request, response, context);
    response.once('close', () => {
      endAnswer(connection, response);
      logAccess?.();
      traffic.answered(path, response.writableFinished ? response.statusCode : undefined);
    });
    boundUnreadBody(request, response, 2 * bounds.otherBodyBytes);
    const fault = target === undefined ? 400 : framingFault(request);
    if (target === undefined || fault !== undefined) {
      connection.broken = true;
      endPlainly(response, fault ?? 400, context);
      return;
    }
    request.url = target;
    if (path === '/authenticate') handlers.authenticate(request, response, context);
    else handlers.app(request, response, context);
  }

  function sourceOf(request: IncomingMessage, { source, isProxy }: Connection): string {
    return isProxy ? clientAddress(source, headerValues(request, 'x-forwarded-for'), proxies) : source;
  }

  /** Ends a connection on which the parser, a timer or Node gave up. */
  function reject(socket: Duplex, status: number, headers: readonly string[] = []): void {
    const connection = connections.get(socket);
    if (connection === undefined || !socket.writable || !mayAnswer(connection)) socket.destroy();
    else answerBare(socket, status, bounds.lingerTimeout, headers);
  }

  async function drainNow(): Promise<void> {
    const gone = stopListening(server);
    server.keepAliveTimeout = bounds.drainIdleTimeout;
    for (const connection of connections.values()) closeAfterAnswers(connection);
    const idle = setTimeout(endIdle, bounds.drainIdleTimeout);
    await gone;
    clearTimeout(idle);
    stopLooking();
  }

  function endIdle(): void {
    server.closeIdleConnections();
    // Node counts a connection that has never sent a request among the busy ones, until this time is over.
    server.headersTimeout = bounds.drainIdleTimeout;
    for (const socket of handshakes.sockets) socket.destroy();
  }

  function outdateAll(): void {
    for (const connection of connections.values()) outdate(connection);
    handshakes.outdate();
  }

  function stopLooking(): void {
    clearInterval(looking);
    // Ends Node's own interval; the error of a server already closed is no news.
    server.close(() => {});
  }

  return {
    listenOn: async (where) => {
      const address = await listen(server, where);
      // Such as EMFILE from accept(2): the connection is lost, the server is not.
      server.on('error', (error: NodeJS.ErrnoException) =>
        log.warn('a connection was not accepted', { code: error.code }),
      );
      return address;
    },
    address: () => (server.address() as AddressInfo | null) ?? undefined,
    drain: () => {
      draining ??= drainNow();
      return draining;
    },
    close: async () => {
      const gone = stopListening(server);
      for (const socket of admission.sockets) socket.destroy();
      await gone;
      stopLooking();
    },
    setTls(tls) {
      server.setSecureContext(secureContext(tls));
      if (tls.clientCa !== clientCa) outdateAll();
      ({ clientCa } = tls);
    },
  };
}

function serverOptions(tls: TlsIdentity, bounds: Bounds) {
  return {
    ...secureContext(tls),
    ...clientCertificates(tls),
    ...alpn,
    honorCipherOrder: true,
    handshakeTimeout: bounds.handshakeTimeout,
    headersTimeout: bounds.headersTimeout,
    requestTimeout: bounds.requestTimeout,
    keepAliveTimeout: bounds.keepAliveTimeout,
    connectionsCheckingInterval: bounds.checkInterval,
    maxHeaderSize: bounds.headerBytes,
    insecureHTTPParser: false,
    joinDuplicateHeaders: false,
    // Checked here instead, so that this answer too has a request id.
    requireHostHeader: false,
    keepAlive: true,
  };
}

function countConnection(socket: Socket, isAdmitted: boolean, traffic: Traffic): void {
  if (!isAdmitted) {
    traffic.turnedAway('source');
    return;
  }
  traffic.opened();
  socket.once('close', traffic.closed);
}

/** Puts a check before the TLS handshake; a socket destroyed only after Node's own listener has cost one already. */
function gate(server: Server, admit: (socket: Socket) => boolean): void {
  const startTls = server.listeners('connection');
  server.removeAllListeners('connection');
  server.on('connection', (socket: Socket) => {
    if (!admit(socket)) socket.destroy();
    else for (const listener of startTls) listener.call(server, socket);
  });
}

function listen(server: Server, where: Listening): Promise<AddressInfo> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(where, BACKLOG, () => {
      server.off('error', reject);
      resolve(server.address() as AddressInfo);
    });
  });
}

/** Resolves when the last connection is gone. Not `https.Server.close`: that ends idle connections at once, and the time limits. */
function stopListening(server: Server): Promise<void> {
  return new Promise((resolve) => {
    NetServer.prototype.close.call(server, () => resolve());
  });
}

function outdate(connection: Connection): void {
  connection.outdated = true;
  closeAfterAnswers(connection);
}

function* answering(connections: ReadonlyMap<Duplex, Connection>): Iterable<Socket> {
  for (const [socket, { unanswered }] of connections) if (unanswered.length > 0) yield socket as Socket;
}

/** Whether bytes written to the socket can only be taken as the answer to what is at fault. */
function mayAnswer({ unanswered }: Connection): boolean {
  const [first, ...others] = unanswered;
  return first === undefined || (others.length === 0 && !first.req.complete && !first.headersSent);
}

function endPlainly(response: ServerResponse, status: number, { requestId }: RequestContext): void {
  const text = STATUS_CODES[status] ?? '';
  response.writeHead(status, {
    'X-Request-Id': requestId,
    'Content-Type': 'text/plain; charset=utf-8',
    'Content-Length': text.length,
    'X-Content-Type-Options': 'nosniff',
    Connection: 'close',
  });
  response.end(text);
}
