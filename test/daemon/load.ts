/** Clients that ask for the heartbeat without pause, on new connections and on kept ones, and count what fails. */
import { readFileSync } from 'node:fs';
import { Agent, request } from 'node:https';
import { join } from 'node:path';
import { type Scene, until } from './daemon-harness.js';

export interface Load {
  /** Resolves when so many more requests have been answered. Rejects when one has failed. */
  reach(count: number): Promise<void>;
  /** Everything but an answer 200, and, where the end is awaited, a connection refused. */
  readonly failures: readonly unknown[];
  /** Lets every client end after the answer it waits for. */
  stop(): Promise<void>;
  /** Resolves when every client has been refused a connection. */
  readonly refused: Promise<void>;
}

export interface Clients {
  /** Clients with a new connection for each request. */
  readonly fresh: number;
  /** Clients that keep their connection until an answer closes it. */
  readonly kept: number;
}

export function startLoad(scene: Scene, port: number, { fresh, kept }: Clients): Load {
  const ca = readFileSync(join(scene.dir, 'tls', 'ca.crt'));
  const failures: unknown[] = [];
  let answered = 0;
  let stopping = false;

  async function client(agent: Agent): Promise<void> {
    while (!stopping) {
      try {
        const status = await heartbeat(port, ca, agent);
        if (status !== 200) failures.push(status);
        answered += 1;
      } catch (fault) {
        if ((fault as NodeJS.ErrnoException).code !== 'ECONNREFUSED') failures.push(fault);
        break;
      }
    }
    agent.destroy();
  }

  const agents = [
    ...Array.from({ length: fresh }, () => new Agent({ keepAlive: false })),
    ...Array.from({ length: kept }, () => new Agent({ keepAlive: true, maxSockets: 1 })),
  ];
  const ended = Promise.all(agents.map(client)).then(() => {});
  return {
    async reach(count) {
      const wanted = answered + count;
      await until(() => answered >= wanted || failures.length > 0);
      if (failures.length > 0) throw new Error('a request failed', { cause: failures[0] });
    },
    failures,
    refused: ended,
    stop() {
      stopping = true;
      return ended;
    },
  };
}

function heartbeat(port: number, ca: Buffer, agent: Agent): Promise<number> {
  return new Promise((resolve, reject) => {
    const asked = request({ host: '127.0.0.1', port, ca, path: '/heartbeat', agent }, (response) => {
      response.resume();
      response.on('error', reject);
      response.on('end', () => resolve(response.statusCode ?? 0));
    });
    asked.on('error', reject);
    asked.end();
  });
}
