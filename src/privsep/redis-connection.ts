/** One connection to Redis, from connect to its first fault; used by the process that speaks to Redis. */
import { createClient } from '@redis/client';
import { HOUR, type Script } from './count-scripts.js';
import { LateError } from './redis-fault.js';

/** The part of a configuration that is about the server. */
export interface RedisServer {
  readonly socket:
    | { readonly host: string; readonly port: number }
    | {
        readonly host: string;
        readonly port: number;
        readonly tls: true;
        /** For SNI: a name, no address. */
        readonly servername?: string;
        readonly ca?: string;
      }
    | { readonly path: string };
  readonly database: number;
  readonly username?: string;
  readonly password?: string;
}

export interface RedisConnection {
  /** What the script returned: milliseconds, an hour at most. Rejects with what is wrong, and then the connection is over. */
  run(script: Script, keys: readonly string[], values: readonly string[]): Promise<number>;
  close(): void;
}

export interface ConnectionOptions {
  readonly server: RedisServer;
  /** Milliseconds that connecting may take, TLS and password included. */
  readonly connectTimeout: number;
  /** Milliseconds that an answer may take. */
  readonly timeout: number;
  /** Once, when the connection is over and close() was not called. */
  onFault(fault: unknown): void;
}

/**
 * The client does not connect again by itself and queues nothing: after a fault an answer might be taken for that of another command, so the
 * first one ends the connection. It has no time-outs for answers of its own.
 */
export async function connectRedis({
  server,
  connectTimeout,
  timeout,
  onFault,
}: ConnectionOptions): Promise<RedisConnection> {
  const abort = new AbortController();
  const client = createClient({
    RESP: 2,
    socket: { ...server.socket, connectTimeout, reconnectStrategy: false, signal: abort.signal } as never,
    database: server.database,
    ...(server.username === undefined ? {} : { username: server.username }),
    ...(server.password === undefined ? {} : { password: server.password }),
    commandOptions: { timeout: 0 },
    disableOfflineQueue: true,
    disableClientInfo: true,
    maintNotifications: 'disabled',
  });
  let over = false;
  let isConnected = false;
  let first: unknown;

  function close(): void {
    over = true;
    // Whatever state it is in: destroy() alone leaves a socket that is still connecting.
    abort.abort();
    client.destroy();
  }
  function fail(fault: unknown): void {
    if (over) return;
    first = fault;
    close();
    if (isConnected) onFault(fault);
  }
  async function run(script: Script, keys: readonly string[], values: readonly string[]): Promise<number> {
    const rest = [String(keys.length), ...keys, ...values];
    try {
      const reply = await inTime(timeout, async () => {
        try {
          return await client.sendCommand(['EVALSHA', script.sha1, ...rest]);
        } catch (fault) {
          if (!isUnknownScript(fault)) throw fault;
          return await client.sendCommand(['EVAL', script.source, ...rest]);
        }
      });
      return millisecondsIn(reply);
    } catch (fault) {
      fail(fault);
      throw fault;
    }
  }

  client.on('error', fail);
  try {
    await inTime(connectTimeout, () => client.connect());
  } catch (fault) {
    fail(fault);
    // What came of closing says less.
    throw first;
  }
  isConnected = true;
  return { run, close };
}

function millisecondsIn(reply: unknown): number {
  if (typeof reply === 'number' && Number.isInteger(reply) && reply >= 0 && reply <= HOUR) return reply;
  throw new Error('an answer that no script gives');
}

/** Redis forgets scripts when it starts anew and when it is told to. */
function isUnknownScript(fault: unknown): boolean {
  return fault instanceof Error && fault.message.startsWith('NOSCRIPT');
}

async function inTime<T>(limit: number, work: () => Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new LateError('no answer in time')), limit);
  });
  const working = work();
  // It may fail after its time, when nobody waits for it.
  working.catch(() => {});
  try {
    return await Promise.race([working, late]);
  } finally {
    clearTimeout(timer);
  }
}
