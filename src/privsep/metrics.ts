/** The process that serves `/metrics`, and the only one: it knows nothing but the numbers it is told. Under an unprivileged account. */
import { Socket } from 'node:net';
import { createMetricsServer, type MetricsServer } from '../http/metrics-server.js';
import type { TlsIdentity } from '../http/tls-options.js';
import { createLogger } from '../log/stderr-logger.js';
import { contentType, expose } from '../metrics/exposition.js';
import { loadNative } from '../native/binding.js';
import { type Channel, openChannel } from './channel.js';
import { CHANNEL_FD, LISTENING_FD } from './child.js';
import { createMetricsPage } from './metrics-page.js';
import { dieWithSupervisor, dropTo, guardMemory, leaveSignalsToSupervisor, refuseDebugger } from './privileges.js';
import { type FromMetrics, type MetricsConfiguration, type ToMetrics, toMetrics } from './protocol.js';

refuseDebugger();
process.title = 'pamhook: metrics';
leaveSignalsToSupervisor();

const native = loadNative();
// Before the private key comes in.
native.forbidCoreDumps();
const page = createMetricsPage({ expose, now: () => performance.now() });
let server: MetricsServer | undefined;

const channel: Channel<FromMetrics> = openChannel<ToMetrics, FromMetrics>(new Socket({ fd: CHANNEL_FD }), toMetrics, {
  onFrame: (frame) => void receive(frame),
  // Nobody waits for the end of a scrape.
  onEnd: () => process.exit(0),
});

async function receive(frame: ToMetrics): Promise<void> {
  if (frame.kind === 'configure') return start(frame);
  if (frame.kind === 'ping') channel.send({ kind: 'pong' });
  else if (frame.kind === 'metrics') page.update(frame);
  else server?.setTls(identityOf(frame.tls));
}

/** Everything is imported by now: after the drop no file of the project is opened. */
async function start({ logging, lockMemory, account, supervisorPid, tls }: MetricsConfiguration): Promise<void> {
  const log = createLogger({ ...logging, process: 'metrics', isTerminal: false, write: native.writeNow });
  try {
    guardMemory(native, lockMemory, log);
    dropTo(native, account);
    dieWithSupervisor(native, supervisorPid);
    server = createMetricsServer({ tls: tls && identityOf(tls), contentType, metrics: page.text });
    await server.listenOn({ fd: LISTENING_FD });
    channel.send({ kind: 'ready' });
  } catch (fault) {
    log.error('the process for metrics cannot start', { fault });
    process.exit(1);
  }
}

function identityOf({ cert, key }: NonNullable<MetricsConfiguration['tls']>): TlsIdentity {
  return { cert, key: key.bytes() };
}
