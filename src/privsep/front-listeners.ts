/** What the front listens on: one socket for everybody, or a second one for those who ask for reviews. */
import { createHeartbeatApp } from '../http/app.js';
import type { Handler } from '../http/request-context.js';
import { createFrontServer, type FrontServer } from '../http/server.js';
import type { TlsIdentity } from '../http/tls-options.js';
import type { Traffic } from '../http/traffic.js';
import type { Logger } from '../log/logger.js';
import { LISTENING_FD, WEBHOOK_FD } from './child.js';
import type { FrontConfiguration } from './protocol.js';

export interface FrontListeners {
  /** Resolves when all accept connections. Rejects with Node's error. */
  listen(): Promise<void>;
  setTls(tls: FrontConfiguration['tls']): void;
  /** Resolves when the last connection is gone. */
  drain(): Promise<void>;
}

export interface FrontHandlers {
  readonly authenticate: Handler;
  readonly app: Handler;
}

/**
 * With a listener for the webhook the other one knows no /authenticate, and asks for a certificate only where one may come with a user-header.
 * `guard`: comes before every handler.
 */
export function createFrontListeners(
  configuration: FrontConfiguration,
  given: FrontHandlers,
  guard: (handler: Handler) => Handler,
  traffic: Traffic,
  log: Logger,
): FrontListeners {
  const { tls, bounds, webhook, trustedProxies, headers } = configuration;
  const [authenticate, app] = [guard(given.authenticate), guard(given.app)];
  const forAll = { log, bounds, trustedProxies, traffic };
  if (webhook === undefined) {
    const server = createFrontServer({ ...forAll, tls: identityOf(tls), handlers: { authenticate, app } });
    return together([{ server, fd: LISTENING_FD, identity: identityOf }]);
  }
  const identityOfMain = headers === undefined ? withoutClients : identityOf;
  const main = createFrontServer({ ...forAll, tls: identityOfMain(tls), handlers: { authenticate: app, app } });
  const own = createFrontServer({
    ...forAll,
    tls: identityOf(tls),
    handlers: { authenticate, app: guard(createHeartbeatApp(log)) },
    bounds: { ...bounds, ...webhook },
  });
  return together([
    { server: main, fd: LISTENING_FD, identity: identityOfMain },
    { server: own, fd: WEBHOOK_FD, identity: identityOf },
  ]);
}

interface Part {
  readonly server: FrontServer;
  readonly fd: number;
  identity(tls: FrontConfiguration['tls']): TlsIdentity;
}

function together(parts: readonly Part[]): FrontListeners {
  return {
    async listen() {
      for (const { server, fd } of parts) await server.listenOn({ fd });
    },
    setTls(tls) {
      for (const { server, identity } of parts) server.setTls(identity(tls));
    },
    async drain() {
      await Promise.all(parts.map(({ server }) => server.drain()));
    },
  };
}

function identityOf(tls: FrontConfiguration['tls']): TlsIdentity {
  return { ...withoutClients(tls), ...(tls.clientCa === undefined ? {} : { clientCa: tls.clientCa }) };
}

function withoutClients({ cert, key }: FrontConfiguration['tls']): TlsIdentity {
  return { cert, key: key.bytes() };
}
