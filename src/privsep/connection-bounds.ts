/** The bounds on connections as configured, as far as there are descriptors for them; made by the supervisor for the front. */
import type { ConnectionSettings } from '../config/settings.js';
import type { Logger } from '../log/logger.js';
import { connectionsWithin } from './descriptor-limit.js';
import type { FrontConfiguration } from './protocol.js';

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
