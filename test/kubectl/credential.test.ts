import assert from 'node:assert/strict';
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { setClient } from './scene.js';

const V1 = 'client.authentication.k8s.io/v1';
const execInfo = (apiVersion: string, cluster?: object) => ({
  KUBERNETES_EXEC_INFO: JSON.stringify({ kind: 'ExecCredential', apiVersion, spec: { cluster, interactive: false } }),
});

describe('pamhook credential', () => {
  it('asks for the password on the terminal, shows nothing of it, and prints an ExecCredential that is kept', async (t) => {
    const client = await setClient(t);
    const alice = client.type(['credential', ...client.flags], { env: execInfo(V1) });
    await alice.sees(`Password of alice at localhost:${client.daemon.port}: `);
    alice.types('secret\r');
    const { code, stdout, stderr, shown, echoes } = await alice.ended;
    assert.deepEqual([code, stderr, echoes], [0, '', true]);
    assert.ok(!shown.includes('secret'));
    const { kind, apiVersion, spec, status } = JSON.parse(stdout);
    assert.deepEqual([kind, apiVersion, spec], ['ExecCredential', V1, {}]);
    const { review } = await client.daemon.review(status.token);
    assert.equal(review.status.user?.username, 'alice');
    const claims = JSON.parse(Buffer.from(status.token.split('.')[1], 'base64url').toString());
    assert.equal(Date.parse(status.expirationTimestamp), claims.exp * 1000);

    assert.equal(statSync(client.kept).mode & 0o777, 0o700);
    const [file = ''] = readdirSync(client.kept);
    assert.equal(statSync(join(client.kept, file)).mode & 0o777, 0o600);
    const again = await client.run(['credential', ...client.flags], { env: execInfo(V1) });
    assert.deepEqual([again.code, again.stdout], [0, stdout]);
  });
});
