/** The server of `/metrics`: one request a connection, and little time for it; in the process that does nothing else. */
import { createServer as createPlainServer, type RequestListener, type Server, type ServerOptions } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { Socket } from 'node:net';
import { createAdmission } from './admission.js';
import { createTrustedProxies } from './forwarded-for.js';
import { pathOf } from './request-target.js';
import { alpn, secureContext, type TlsIdentity } from './tls-options.js';

/** Times are milliseconds. */
export interface MetricsBounds {
  readonly connections: number;
  readonly connectionsPerSource: number;
  /** From the connection to the end of the answer. */
  readonly connectionTime: number;
  readonly headerBytes: number;
}

export const metricsBounds: MetricsBounds = {
  connections: 64,
  connectionsPerSource: 16,
  connectionTime: 10_000,
  headerBytes: 8 * 1024,
};

export interface MetricsServerOptions {
  /** Absent: HTTP without TLS. */
  readonly tls: TlsIdentity | undefined;
  readonly contentType: string;
  /** undefined: nothing is known at present. */
  readonly metrics: () => Promise<string | undefined>;
  readonly bounds?: Partial<MetricsBounds>;
}

export interface MetricsServer {
  /** Rejects with Node's error. */
  listenOn(where: { readonly fd: number } | { readonly host: string; readonly port: number }): Promise<number>;
  /** For connections from now on. Throws Error when they cannot be used, or the server is without TLS. */
  setTls(tls: TlsIdentity): void;
  close(): Promise<void>;
}

export function createMetricsServer({ tls, contentType, metrics, ...given }: MetricsServerOptions): MetricsServer {
  const bounds = { ...metricsBounds, ...given.bounds };
  const { admit, sockets } = createAdmission(bounds.connectionsPerSource, createTrustedProxies([]));
  const common: ServerOptions = { maxHeaderSize: bounds.headerBytes, insecureHTTPParser: false, keepAlive: false };
  const answer: RequestListener = (request, response) => void respond(request, response, { contentType, metrics });
  const secure = tls && createTlsServer({ ...common, ...secureContext(tls), ...alpn, honorCipherOrder: true }, answer);
  const server: Server = secure ?? createPlainServer(common, answer);
  server.maxConnections = bounds.connections;
  gate(server, (socket) => {
    const timer = setTimeout(() => socket.destroy(), bounds.connectionTime);
    socket.once('close', () => clearTimeout(timer));
    return admit(socket);
  });
  return {
    listenOn: (where) =>
      new Promise((resolve, reject) => {
        server.once('error', reject);
        server.listen(where, () => {
          // Such as EMFILE from accept(2): a connection is lost, the server is not.
          server.off('error', reject).on('error', () => {});
          const address = server.address();
          resolve(typeof address === 'object' ? (address?.port ?? 0) : 0);
        });
      }),
    setTls(next) {
      if (secure === undefined) throw new Error('metrics are served without TLS');
      secure.setSecureContext(secureContext(next));
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  };
}

/** A connection that has no place costs no TLS handshake. */
function gate(server: Server, admit: (socket: Socket) => boolean): void {
  const begin = server.listeners('connection');
  server.removeAllListeners('connection');
  server.on('connection', (socket: Socket) => {
    if (!admit(socket)) socket.destroy();
    else for (const listener of begin) listener.call(server, socket);
  });
}

type Respond = Pick<MetricsServerOptions, 'contentType' | 'metrics'>;

async function respond(
  request: Parameters<RequestListener>[0],
  response: Parameters<RequestListener>[1],
  { contentType, metrics }: Respond,
): Promise<void> {
  if (pathOf(request.url ?? '') !== '/metrics') return end(response, 404, 'Not Found');
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    return end(response, 405, 'Method Not Allowed', { Allow: 'GET, HEAD' });
  }
  const text = await metrics().catch(() => undefined);
  if (text === undefined) end(response, 503, 'the supervisor has told nothing lately');
  else end(response, 200, text, { 'Content-Type': contentType });
}

function end(
  response: Parameters<RequestListener>[1],
  status: number,
  body: string,
  headers: Readonly<Record<string, string>> = {},
): void {
  response.writeHead(status, {
    'Content-Type': 'text/plain; charset=utf-8',
    'Content-Length': Buffer.byteLength(body),
    'Cache-Control': 'no-store',
    'X-Content-Type-Options': 'nosniff',
    Connection: 'close',
    ...headers,
  });
  response.end(body);
}
