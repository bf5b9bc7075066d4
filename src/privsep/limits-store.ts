/** The process that speaks to Redis, and the only one: counts attempts there for its supervisor. Under an unprivileged account. */
import { isIP, Socket } from 'node:net';
import type { Logger } from '../log/logger.js';
import { createLogger } from '../log/stderr-logger.js';
import { loadNative } from '../native/binding.js';
import { type AttemptKeeper, createAttemptKeeper, probeKeyOf } from './attempt-keeper.js';
import { type Channel, openChannel } from './channel.js';
import { CHANNEL_FD } from './child.js';
import { dieWithSupervisor, dropTo, guardMemory, leaveSignalsToSupervisor, refuseDebugger } from './privileges.js';
import { type FromStore, type StoreConfiguration, type ToStore, toStore } from './protocol.js';
import { connectRedis, type RedisServer } from './redis-connection.js';
import { openRedisLink } from './redis-link.js';

/** Bytes of memory at which the process gives up; it has some 70 MB in use. The client takes an answer of any length. */
const MOST_MEMORY = 160 * 1024 * 1024;
const MEMORY_INTERVAL = 50;

refuseDebugger();
process.title = 'pamhook: limits-store';
leaveSignalsToSupervisor();

const native = loadNative();
// Before the password comes in.
native.forbidCoreDumps();
let keeper: AttemptKeeper | undefined;
const underWay = new Set<Promise<void>>();

const channel: Channel<FromStore> = openChannel<ToStore, FromStore>(new Socket({ fd: CHANNEL_FD }), toStore, {
  onFrame: receive,
  // What was given back last still reaches Redis; each answer has its time-out.
  onEnd: () => void Promise.all(underWay).finally(() => process.exit(0)),
});

function receive(frame: ToStore): void {
  if (frame.kind === 'configure') start(frame);
  else if (frame.kind === 'ping') channel.send({ kind: 'pong' });
  else if (keeper !== undefined) follow(frame.kind === 'take' ? keeper.take(frame) : keeper.settle(frame));
}

function follow(work: Promise<void>): void {
  underWay.add(work);
  void work.finally(() => underWay.delete(work));
}

/** Everything is imported by now: after the drop no file of the project is opened. */
function start(configuration: StoreConfiguration): void {
  const { logging, lockMemory, account, supervisorPid, timeout } = configuration;
  const log = createLogger({ ...logging, process: 'limits-store', isTerminal: false, write: native.writeNow });
  try {
    guardMemory(native, lockMemory, log);
    dropTo(native, account);
    dieWithSupervisor(native, supervisorPid);
    setInterval(() => endWhenTooLarge(log), MEMORY_INTERVAL);
    const server = serverOf(configuration);
    const link = openRedisLink({
      connect: (options) => connectRedis({ server, timeout, ...options }),
      probeKey: probeKeyOf(configuration),
      onState: (state) => channel.send({ kind: 'state', ...state }),
      now: () => performance.now(),
    });
    keeper = createAttemptKeeper({ link, configuration, send: channel.send });
    channel.send({ kind: 'ready' });
  } catch (fault) {
    log.error('the process for limits-store cannot start', { fault });
    process.exit(1);
  }
}

function endWhenTooLarge(log: Logger): void {
  if (process.memoryUsage.rss() < MOST_MEMORY) return;
  log.error('Redis sends more than can be of use: the process ends and is started again');
  process.exit(1);
}

function serverOf({ address, username, password, ca }: StoreConfiguration): RedisServer {
  return {
    socket: address.kind === 'unix' ? { path: address.path } : tcpSocket(address, ca),
    database: address.database,
    ...(username === undefined ? {} : { username }),
    ...(password === undefined ? {} : { password: password.bytes().toString('utf8') }),
  };
}

type Tcp = Extract<StoreConfiguration['address'], { kind: 'tcp' }>;

function tcpSocket({ host, port, tls }: Tcp, ca: string | undefined): RedisServer['socket'] {
  if (!tls) return { host, port };
  return { host, port, tls, ...(isIP(host) === 0 ? { servername: host } : {}), ...(ca === undefined ? {} : { ca }) };
}
