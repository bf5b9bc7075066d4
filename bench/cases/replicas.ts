/** Logins through one daemon, one that counts failed logins in Redis, and two that do so together, on the same cores. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { LOGIN_PREFIX, LOGINS, PASSWORD } from '../accounts.js';
import { connecting, percentilesOf } from '../load.js';
import { type Contender, takeTurns } from '../measure.js';
import { processorSeconds } from '../proc.js';
import { login } from '../requests.js';
import type { CaseResult } from '../result.js';
import { freePort, type Server } from '../servers.js';
import type { Stage } from '../stage.js';
import type { Case } from './case.js';

const CLIENTS = 16;
/** Debian's redis-tools has the server under the name of another tool: it is by the name it is called that it knows what to be. */
const REDIS = ['/usr/bin/redis-server', '/usr/bin/redis-check-rdb'];

export const replicaCases: readonly Case[] = [{ id: 'replicas', forRoot: true, run: replicas }];

async function replicas(stage: Stage): Promise<CaseResult[]> {
  const redis = await startRedis();
  const flags = ['-limits-store', redis.url];
  const [first, second] = [await stage.startPamhook('first', flags), await stage.startPamhook('second', flags)];
  const turns = { ...stage.options, seconds: 2 * stage.options.seconds };
  const servers = await takeTurns(turns, [
    through('pamhook', stage, [stage.pamhook]),
    through('with limits-store', stage, [first]),
    through('two with limits-store', stage, [first, second]),
  ]);
  await Promise.all([first.stop(), second.stop()]);
  redis.stop();
  return [{ id: 'replicas', title: `logins, ${CLIENTS} clients`, servers }];
}

/** The clients, and their accounts, are shared out among the servers. */
function through(name: string, stage: Stage, servers: readonly Server[]): Contender {
  const clients = CLIENTS / servers.length;
  const requests = servers.map((_, at) => {
    const own = Array.from({ length: LOGINS / servers.length }, (_, index) => index * servers.length + at);
    return stage.requests(
      `logins-${at}-of-${servers.length}`,
      own.map((index) => login(`${LOGIN_PREFIX}${index}`, PASSWORD)),
    );
  });
  const spent = () => servers.reduce((sum, { pid }) => sum + processorSeconds(pid), 0);
  return {
    name,
    async measure(seconds) {
      const before = spent();
      const loads = servers.map(({ port }, at) =>
        connecting({ port, clients, seconds, status: 200, requests: requests[at] ?? '' }),
      );
      const loaded = await Promise.all(loads);
      const sum = (figure: 'answered' | 'late' | 'failed') => loaded.reduce((total, each) => total + each[figure], 0);
      const latencies = loaded.flatMap((each) => each.latencies).sort((one, other) => one - other);
      const cpu = ((spent() - before) * 1e6) / (sum('answered') + sum('late'));
      return { rate: sum('answered') / seconds, failed: sum('failed'), cpu, ...percentilesOf({ latencies }) };
    },
  };
}

async function startRedis(): Promise<{ url: string; stop(): void }> {
  const program = REDIS.find((path) => existsSync(path));
  if (program === undefined) throw new Error('redis-tools is not installed: make packages-bench');
  const port = await freePort();
  const flags = ['--bind', '127.0.0.1', '--port', String(port), '--save', '', '--appendonly', 'no'];
  const child = spawn(program, flags, { argv0: 'redis-server', stdio: 'ignore' });
  process.once('exit', () => child.kill('SIGKILL'));
  const gone = once(child, 'close').then(() => Promise.reject(new Error('redis-server ended')));
  gone.catch(() => {});
  await Promise.race([sleep(500), gone]);
  return { url: `redis://127.0.0.1:${port}`, stop: () => child.kill('SIGKILL') };
}
