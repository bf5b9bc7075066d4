import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parse, stringify } from 'yaml';
import { createKubeconfigs } from '#src/http/kubeconfig.js';

const clusters = [
  { name: 'a', cluster: { server: 'https://a.example', 'proxy-url': 'socks5://proxy:1080' } },
  { name: 'b', cluster: { server: 'https://b.example' } },
];
const template = stringify({ clusters, 'current-context': 'b' });
const publicUrl = 'https://pamhook.example.org:6443';

describe('a kubeconfig', () => {
  it('has the token, and all that the template has', () => {
    const { render, hasExec } = createKubeconfigs({ template, publicUrl: undefined });
    const kubeconfig = parse(render({ kind: 'token', username: 'al: ice\u2028', token: 'a.b.c' }));
    assert.deepEqual(kubeconfig.users, [{ name: 'pamhook', user: { token: 'a.b.c' } }]);
    assert.deepEqual([kubeconfig.clusters, kubeconfig['current-context']], [clusters, 'b']);
    assert.equal(hasExec, false);
    assert.throws(() => render({ kind: 'exec', username: 'alice' }), RangeError);
  });

  it('has the block of the plugin, with nothing secret, and what was asked for', () => {
    const { render } = createKubeconfigs({ template, publicUrl });
    const [{ user }] = parse(render({ kind: 'exec', username: 'a "b": #c', lifetime: '24h', audience: ['x'] })).users;
    assert.deepEqual(user.exec, {
      apiVersion: 'client.authentication.k8s.io/v1',
      command: 'kubectl-pamhook',
      args: ['credential', `--server=${publicUrl}`, '--username=a "b": #c', '--lifetime=24h', '--audience=x'],
      installHint: 'kubectl-pamhook, the credential plugin of pamhook, is not installed.',
      interactiveMode: 'IfAvailable',
      provideClusterInfo: true,
    });
  });

  it('leaves it to the extension of each cluster to say where its pamhook is, if that does', () => {
    const extension = (server: string) => [{ name: 'client.authentication.k8s.io/exec', extension: { server } }];
    const extended = clusters.map(({ name, cluster }) => ({
      name,
      cluster: { ...cluster, extensions: extension(`https://${name}`) },
    }));
    const { render, hasExec } = createKubeconfigs({ template: stringify({ clusters: extended }), publicUrl });
    assert.equal(hasExec, true);
    const [{ user }] = parse(render({ kind: 'exec', username: 'alice' })).users;
    assert.deepEqual(user.exec.args, ['credential', '--username=alice']);
    const some = stringify({ clusters: [extended[0], clusters[1]] });
    assert.throws(() => createKubeconfigs({ template: some, publicUrl }), /some clusters say .* and others do not/);
  });
});
