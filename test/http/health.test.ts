import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ask, startFront } from './front.js';

const GOOD = { name: 'keys', ok: true };
const BAD = { name: 'nss', ok: false };

test('/livez is ok as long as there is an answer, whatever is ready', async (t) => {
  const { port } = await startFront(t, { readiness: async () => [BAD] });
  const answer = await ask(port, '/livez');
  assert.deepEqual(
    [answer.status, answer.body, answer.headers['content-type'], answer.headers['cache-control']],
    [200, 'ok', 'text/plain; charset=utf-8', 'no-store'],
  );
  assert.equal((await ask(port, '/livez?verbose')).body, '[+]ping ok\nlivez check passed\n');
});

test('/readyz is ok when all checks are, and names them to who wants to know', async (t) => {
  const { port } = await startFront(t, { readiness: async () => [GOOD, { ...BAD, ok: true }] });
  const answer = await ask(port, '/readyz');
  assert.deepEqual([answer.status, answer.body], [200, 'ok']);
  for (const query of ['?verbose', '?verbose=1', '?x=y&verbose']) {
    const told = await ask(port, `/readyz${query}`);
    assert.deepEqual([told.status, told.body], [200, '[+]keys ok\n[+]nss ok\nreadyz check passed\n']);
  }
});

test('/readyz is 503 when one check fails, without a time to try again and without a reason', async (t) => {
  const { port } = await startFront(t, { readiness: async () => [GOOD, BAD] });
  for (const path of ['/readyz', '/readyz?verbose']) {
    const answer = await ask(port, path);
    assert.equal(answer.status, 503);
    assert.equal(answer.headers['retry-after'], undefined);
    assert.equal(answer.body, '[+]keys ok\n[-]nss failed: reason withheld\nreadyz check failed\n');
  }
});

test('both answer HEAD as GET, other methods with 405, and no other spelling', async (t) => {
  const { port } = await startFront(t, { readiness: async () => [BAD] });
  assert.equal((await ask(port, '/livez', { method: 'HEAD' })).status, 200);
  const head = await ask(port, '/readyz', { method: 'HEAD' });
  assert.deepEqual([head.status, head.body], [503, '']);
  for (const path of ['/livez', '/readyz']) {
    const post = await ask(port, path, { method: 'POST' });
    assert.deepEqual([post.status, post.headers.allow], [405, 'GET, HEAD']);
  }
  for (const path of ['/livez/', '/readyz/nss', '/Readyz', '//readyz']) {
    assert.equal((await ask(port, path)).status, 404);
  }
});
