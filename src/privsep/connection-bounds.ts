/** The bounds on connections as configured, as far as there are descriptors for them; made by the supervisor for the front. */
import type { ConnectionSettings } from '../config/settings.js';
import type { Logger } from '../log/logger.js';
import { connectionsWithin } from './descriptor-limit.js';
import type { FrontConfiguration } from './protocol.js';

/** Of the limit on descriptors, the part that the listener of the webhook may have at most. */
const SHARE_OF_WEBHOOK = 1 / 4;

/** For a listener of the webhook's own: what is not said here is as on the other. */
export function webhookBoundsOf({ mostOfWebhook }: ConnectionSettings, limit: number) {
  const connections = Math.max(2, Math.min(mostOfWebhook, Math.floor(limit * SHARE_OF_WEBHOOK)));
  return { connections, connectionsPerSource: Math.ceil(connections / 2) };
}

/** `limit`: descriptors a process may have. Throws ConfigurationError when it is too low for any service. */
export function boundsOf(settings: ConnectionSettings, limit: number, log: Logger): FrontConfiguration['bounds'] {
  const connections = connectionsWithin(limit, settings.most, log);
  return {
    connections,
    connectionsPerSource: Math.min(settings.mostPerSource, connections),
    handshakeTimeout: settings.handshakeTimeout,
    headersTimeout: settings.headerTimeout,
    requestTimeout: settings.requestTimeout,
    keepAliveTimeout: settings.keepAliveTimeout,
  };
}
