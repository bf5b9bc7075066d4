/** The code of a process is loaded where its user may not reach it later, and on machines where that takes long. */
import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, it } from 'node:test';
import { parse } from 'yaml';
import { auditLines, isRoot, MAIN, setScene, startDaemon, until } from './daemon-harness.js';
import { loadingFor } from './stand-in.js';

const ROOT = dirname(dirname(dirname(MAIN)));
const BIND = 'mount --bind "$0" "$1" && shift && exec "$@"';

describe('the code of a daemon', { concurrency: true }, () => {
  it('may lie where only root may enter: nothing of it is opened after the drop', {
    skip: !isRoot && 'needs root',
  }, async (t) => {
    const scene = await setScene(t);
    const closed = join(scene.dir, 'closed');
    const code = join(closed, 'pamhook');
    mkdirSync(code, { recursive: true });
    chmodSync(closed, 0o700);
    const template = join(scene.dir, 'template.yaml');
    writeFileSync(template, 'clusters: [{name: one, cluster: {server: "https://one.example"}}]');
    const daemon = await startDaemon(
      t,
      { ...scene, main: join(code, 'dist', 'cli', 'main.js') },
      ['-kubecfg-template', template, '-public-url', 'https://pamhook.example', '-v', '9'],
      {},
      { by: ['unshare', '--mount', '--propagation', 'private', 'sh', '-c', BIND, ROOT, code] },
    );
    const kubeconfig = await daemon.ask('/kubecfg', { user: 'alice', password: 'secret' });
    const { token } = parse(kubeconfig.body).users[0].user;
    assert.equal((await daemon.review(token)).review.status.user?.username, 'alice');
    const block = await daemon.ask('/kubecfg?auth=exec', { user: 'alice', password: 'secret' });
    assert.equal(parse(block.body).users[0].user.exec.args[1], '--server=https://pamhook.example');
    assert.equal((await daemon.login('alice', 'wrong')).status, 401);
    assert.equal((await daemon.ask('/')).status, 200);
    assert.equal((await daemon.ask('/authenticate', { method: 'POST', body: '{' })).status, 400);
    writeFileSync(template, 'clusters: [{name: two, cluster: {server: "https://two.example"}}]');
    await until(() => auditLines(scene).some(({ event }) => event === 'kubecfg-template.changed'));
    await until(async () => {
      const { body } = await daemon.ask('/kubecfg?auth=exec', { user: 'alice', password: 'secret' });
      return parse(body).clusters[0].name === 'two';
    });
    assert.doesNotMatch(daemon.stderr(), /"level":"error"/);
  });

  for (const name of ['front', 'worker'] as const) {
    it(`is waited for where a ${name} takes longer to load it than one that runs may be silent`, async (t) => {
      const daemon = await startDaemon(t, loadingFor(await setScene(t), name, 8_000), ['-pam-workers', '1']);
      await until(async () => {
        assert.doesNotMatch(daemon.stderr(), /is killed/);
        return (await daemon.login('alice', 'secret')).status === 200;
      });
    });
  }

  it('is waited for no longer than a minute', async (t) => {
    const scene = loadingFor(await setScene(t), 'front', 3_600_000);
    await assert.rejects(
      startDaemon(t, scene),
      /answers no longer and is killed[\s\S]*the front did not start: SIGKILL/,
    );
  });
});
