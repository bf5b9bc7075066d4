/** Clients that take their time, and bounds of the operator's choice, at the real daemon. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { dialTcp, dialTls, statuses } from '../harness/raw-client.js';
import { setScene, startDaemon, until } from './daemon-harness.js';

const ATTACKER = '127.0.0.66';

describe('slow clients', () => {
  it('are cut off in the time that options give them, and others are served meanwhile', async (t) => {
    const scene = await setScene(t);
    const daemon = await startDaemon(t, scene, [
      ...['-handshake-timeout', '5s', '-header-timeout', '5s', '-request-timeout', '6s'],
      ...['-keep-alive-timeout', '1s'],
    ]);
    const ca = readFileSync(join(scene.dir, 'tls', 'ca.crt'));
    const sends = async (text: string) => {
      const { socket, closed } = await dialTls(daemon.port, { ca, localAddress: ATTACKER });
      socket.write(text);
      return closed;
    };
    const speechless = async (bytes: Buffer) => {
      const { socket, closed } = await dialTcp(daemon.port, ATTACKER);
      socket.write(bytes);
      return closed;
    };
    const post = (path: string) => `POST ${path} HTTP/1.1\r\nHost: h\r\nContent-Length: 100\r\n\r\n{`;
    const attacks: Record<string, { readonly closed: () => Promise<string>; readonly answers: number[] }> = {
      'TCP only': { closed: await speechless(Buffer.alloc(0)), answers: [] },
      'half a TLS hello': { closed: await speechless(Buffer.from('160301020001', 'hex')), answers: [] },
      'TLS only': { closed: await sends(''), answers: [408] },
      'half a header': { closed: await sends('GET /heartbeat HTTP/1.1\r\nHost'), answers: [408] },
      'half a body of a review': { closed: await sends(post('/authenticate')), answers: [408] },
      'half a body of a login': { closed: await sends(post('/token')), answers: [408] },
      'half a body nobody reads': { closed: await sends(post('/nowhere')), answers: [404] },
      'one request and no more': { closed: await sends('GET /heartbeat HTTP/1.1\r\nHost: h\r\n\r\n'), answers: [200] },
    };
    let open = Object.keys(attacks).length;
    const ended = Object.entries(attacks).map(async ([name, { closed, answers }]) => {
      assert.deepEqual(statuses(await closed()), answers, name);
      open -= 1;
    });
    const token = (await daemon.login('alice', 'secret')).body.trim();
    await until(async () => {
      assert.equal((await daemon.ask('/heartbeat')).status, 200);
      assert.equal((await daemon.review(token)).review.status.authenticated, true);
      return open === 0;
    });
    await Promise.all(ended);
    assert.equal((await daemon.login('alice', 'secret')).status, 200);
  });

  it('have so many connections as options give them, and others the rest', async (t) => {
    const scene = await setScene(t);
    const patience = ['-handshake-timeout', '1m', '-header-timeout', '5m', '-request-timeout', '5m'];
    const flags = [...patience, '-max-connections', '3', '-max-connections-per-source', '2'];
    const daemon = await startDaemon(t, scene, flags);
    const ca = readFileSync(join(scene.dir, 'tls', 'ca.crt'));
    const hold = (localAddress: string) => dialTls(daemon.port, { ca, localAddress });
    const held = [await hold(ATTACKER), await hold(ATTACKER)];
    await assert.rejects(hold(ATTACKER));
    assert.equal((await daemon.ask('/heartbeat')).status, 200);
    // The connection of that request may be there a moment longer.
    await until(() =>
      hold('127.0.0.67').then(
        (client) => held.push(client) > 0,
        () => false,
      ),
    );
    await assert.rejects(daemon.ask('/heartbeat'));
    for (const { socket } of held) socket.destroy();
    await until(() =>
      daemon.ask('/heartbeat').then(
        ({ status }) => status === 200,
        () => false,
      ),
    );
  });
});
