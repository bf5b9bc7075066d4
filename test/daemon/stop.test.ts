import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { Agent, request } from 'node:https';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { ALICE, auditLines, childrenOf, isAlive, type Scene, setScene, startDaemon, until } from './daemon-harness.js';

const SLOW_SERVICE = [
  'auth required MATRIX',
  'account required MATRIX',
  'account optional pam_exec.so quiet /bin/sleep 1',
];

/** Asks on one kept connection after the other, until an answer closes it; counts what failed. */
function ask(scene: Scene, port: number, agent: Agent): Promise<{ status: number; connection: string | undefined }> {
  const ca = readFileSync(join(scene.dir, 'tls', 'ca.crt'));
  return new Promise((resolve, reject) => {
    const asked = request({ host: '127.0.0.1', port, ca, path: '/heartbeat', agent }, (response) => {
      response.resume();
      response.on('end', () => resolve({ status: response.statusCode ?? 0, connection: response.headers.connection }));
    });
    asked.on('error', reject);
    asked.end();
  });
}

describe('a stop', () => {
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    it(`by ${signal} answers the logins that run, exits with 0 and leaves nothing`, async (t) => {
      const scene = await setScene(t, {
        service: SLOW_SERVICE,
        passwords: { alice: 'secret', bob: 'secret' },
        passwd: [ALICE, 'bob:x:20003:20001::/:/bin/sh'],
      });
      const daemon = await startDaemon(t, scene);
      const logins = [daemon.login('alice', 'secret'), daemon.login('bob', 'secret')];
      await until(() => daemon.children('worker').length === 2);
      await until(() => daemon.children('worker').some((pid) => childrenOf(pid).length > 0));
      const all = childrenOf(daemon.pid);
      const ended = await daemon.stop(signal);
      assert.deepEqual(ended, { code: 0, signal: null });
      assert.deepEqual(
        (await Promise.all(logins)).map(({ status }) => status),
        [200, 200],
      );
      assert.equal(all.some(isAlive), false);
      assert.deepEqual(
        auditLines(scene).map(({ event }) => event),
        ['daemon.started', 'daemon.stopping', 'token.issued', 'token.issued', 'daemon.stopped'],
      );
    });
  }

  it('answers kept connections once more, and says that it closes them', async (t) => {
    const scene = await setScene(t);
    const daemon = await startDaemon(t, scene);
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    t.after(() => agent.destroy());
    assert.equal((await ask(scene, daemon.port, agent)).connection, 'keep-alive');
    const ended = daemon.stop();
    await until(async () => {
      const { status, connection } = await ask(scene, daemon.port, agent);
      assert.equal(status, 200);
      return connection === 'close';
    });
    assert.equal((await ended).code, 0);
  });

  it('does not wait for a kept connection that asks nothing more', async (t) => {
    const scene = await setScene(t);
    const daemon = await startDaemon(t, scene, ['-shutdown-grace-period', '5m']);
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    t.after(() => agent.destroy());
    await ask(scene, daemon.port, agent);
    assert.equal((await daemon.stop()).code, 0);
  });

  it('kills what outlives the grace period', async (t) => {
    const scene = await setScene(t, {
      service: ['auth required MATRIX', 'account required MATRIX', 'account optional pam_exec.so quiet /bin/sleep 600'],
    });
    const daemon = await startDaemon(t, scene, ['-shutdown-grace-period', '1s']);
    const login = daemon.login('alice', 'secret').catch(() => undefined);
    await until(() => daemon.children('worker').some((pid) => childrenOf(pid).length > 0));
    const all = childrenOf(daemon.pid).flatMap((pid) => [pid, ...childrenOf(pid)]);
    assert.deepEqual(await daemon.stop(), { code: 0, signal: null });
    // A module's helper was sent its SIGKILL; nobody waits until it has taken effect.
    await until(() => !all.some(isAlive));
    await login;
  });

  it('under load fails no request on a connection that was accepted', async (t) => {
    const scene = await setScene(t);
    const daemon = await startDaemon(t, scene);
    const failures: unknown[] = [];
    let answered = 0;
    const client = async () => {
      const agent = new Agent({ keepAlive: true, maxSockets: 1 });
      for (;;) {
        const answer = await ask(scene, daemon.port, agent).catch((fault: NodeJS.ErrnoException) => fault);
        if (answer instanceof Error) {
          // A connection that was never made is no failure: nothing listens any more.
          if (answer.code !== 'ECONNREFUSED') failures.push(answer);
          break;
        }
        answered += 1;
        if (answer.connection === 'close') break;
      }
      agent.destroy();
    };
    const clients = Array.from({ length: 16 }, client);
    await until(() => answered > 200);
    const ended = daemon.stop();
    await Promise.all(clients);
    assert.deepEqual(failures, []);
    assert.equal((await ended).code, 0);
  });
});
