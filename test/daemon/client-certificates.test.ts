/** Who may ask a real daemon for reviews, by client certificate. */
import assert from 'node:assert/strict';
import { renameSync, writeFileSync } from 'node:fs';
import { Agent } from 'node:https';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { type Issued, issue } from '../cli/chains.js';
import { auditLines, type Daemon, run, type Scene, setScene, startDaemon, until } from './daemon-harness.js';

const CLIENT = ['1.3.6.1.5.5.7.3.2'];
const root = await issue('client root', undefined, { ca: true });
const next = await issue('next client root', undefined, { ca: true });
const apiServer = await issue('kube-apiserver', root, { names: [], purposes: CLIENT });
const stranger = await issue('somebody', root, { names: [], purposes: CLIENT });
const intermediate = await issue('intermediate', root, { ca: true });
const ended = await issue('old', undefined, { ca: true, notAfter: Date.now() - 1000 });

interface Callers {
  readonly scene: Scene;
  readonly caFile: string;
  /** By a rename, as `pamhook init` and others do it. */
  writeCa(pem: string): void;
}

async function setCallers(t: TestContext, flags: readonly string[] = []): Promise<Callers> {
  const scene = await setScene(t);
  const caFile = join(scene.dir, 'client-ca.crt');
  const writeCa = (pem: string) => {
    writeFileSync(`${caFile}.new`, pem);
    renameSync(`${caFile}.new`, caFile);
  };
  writeCa(root.cert);
  return { scene: { ...scene, flags: [...scene.flags, '-client-ca-file', caFile, ...flags] }, caFile, writeCa };
}

/** Keeps its connection, as kube-apiserver does. */
function agentOf(t: TestContext, shown: Issued): Agent {
  const agent = new Agent({ keepAlive: true, maxSockets: 1, cert: shown.cert, key: shown.key });
  t.after(() => agent.destroy());
  return agent;
}

async function reviewOf(daemon: Daemon, agent?: Agent): Promise<string | number> {
  const { body: token } = await daemon.login('alice', 'secret');
  const { status, review } = await daemon.review(token.trim(), agent === undefined ? {} : { agent });
  return status === 200 ? (review.status.user?.username ?? 'no') : status;
}

describe('client-ca-file', () => {
  it('lets only those with a certificate ask for reviews, and says in the log why others may not', async (t) => {
    const { scene } = await setCallers(t, ['-client-ca-subject', 'front-proxy,kube-apiserver']);
    const daemon = await startDaemon(t, scene);
    assert.equal(await reviewOf(daemon, agentOf(t, apiServer)), 'alice');
    assert.equal(await reviewOf(daemon), 401);
    assert.equal(await reviewOf(daemon, agentOf(t, stranger)), 401);
    assert.equal((await daemon.ask('/heartbeat')).status, 200);
    await daemon.logged('"reason":"no certificate"');
    await daemon.logged('"reason":"wrong subject"');
    assert.match(daemon.stderr(), /its common name is none of client-ca-subject.*"commonName":"somebody"/);
    await daemon.stop();
    const counted = auditLines(scene).filter(({ event }) => event === 'review.unauthorized');
    assert.equal(
      counted.reduce((sum, { count }) => sum + Number(count), 0),
      2,
    );
    assert.deepEqual([...new Set(counted.map(({ reason }) => reason))].sort(), ['no certificate', 'wrong subject']);
  });

  it('may change while the daemon runs; one that is bad keeps what was in use, and holds up no certificate', async (t) => {
    const { scene, writeCa } = await setCallers(t);
    const daemon = await startDaemon(t, scene);
    const [old, renewed] = [
      agentOf(t, apiServer),
      await issue('kube-apiserver', next, { names: [], purposes: CLIENT }),
    ];
    assert.equal(await reviewOf(daemon, old), 'alice');
    writeCa('no certificate');
    await daemon.logged('"what":"client CA"');
    assert.match(daemon.stderr(), /client-ca-file [^"]*: is no PEM certificate.*"cure":"name a file of certificates"/);
    assert.equal(await reviewOf(daemon, old), 'alice');
    writeCa(next.cert);
    await until(() => auditLines(scene).some(({ event }) => event === 'client-ca.changed'));
    await until(async () => (await reviewOf(daemon, agentOf(t, renewed))) === 'alice');
    assert.equal(await reviewOf(daemon, old), 500, 'comes again, on a new connection');
    assert.equal(await reviewOf(daemon, old), 401);
    const [front = 0] = daemon.children('front');
    process.kill(front, 'SIGKILL');
    await daemon.logged('the front accepts connections again');
    assert.equal(await reviewOf(daemon, agentOf(t, renewed)), 'alice');
    assert.equal(await reviewOf(daemon, agentOf(t, apiServer)), 401);
  });

  const faults: readonly (readonly [why: string, pem: string, says: RegExp])[] = [
    ['is none', 'x', /is no PEM certificate; name a file/],
    ['has no root', intermediate.cert, /holds no root, so that nobody could be let in; give the self-signed/],
    ['is the certificate of a client', apiServer.cert, /holds no root/],
    ['has expired', ended.cert, /its CA expired on 20/],
    ['is too large', root.cert.repeat(70), /larger than 32 KiB/],
  ];
  for (const [why, pem, says] of faults) {
    it(`ends the start when it ${why}`, async (t) => {
      const { scene, writeCa } = await setCallers(t);
      writeCa(pem);
      const { code, stderr } = await run(['serve', ...scene.flags], scene.env);
      assert.equal(code, 2);
      assert.match(stderr, says);
      assert.match(stderr, /client-ca-file/);
    });
  }
});
