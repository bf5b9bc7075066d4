import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { forInnerRun, readOptions } from '#bench/options.js';
import { scratchDirectory } from '../harness/scratch.js';

describe('readOptions()', () => {
  it('measures everything when told nothing', () => {
    const { seconds, rounds, peers, smoke, wanted, kind } = readOptions({});
    assert.deepEqual([seconds, rounds, peers, smoke, kind], [2, 3, [], false, 'bench']);
    assert.ok(wanted.test('anything'));
  });

  it('is brief where only the working is tried', () => {
    const { seconds, rounds, smoke } = readOptions({ BENCH_SMOKE: 'yes' });
    assert.ok(smoke && rounds === 1 && seconds < 1);
  });

  it('takes peers by name, URL, pid and what is posted to them', (t) => {
    const body = join(scratchDirectory(t), 'body.json');
    writeFileSync(body, '{"spec":{}}\n');
    const options = readOptions({
      BENCH_PEER: `pam_hook=https://127.0.0.1:8443/authenticate 77; other=https://127.0.0.1:9443/a?b=c 78 ${body}`,
    });
    const { peers } = options;
    assert.deepEqual(
      peers.map(({ name, url, pid, body }) => [name, url.href, pid, body]),
      [
        ['pam_hook', 'https://127.0.0.1:8443/authenticate', 77, undefined],
        ['other', 'https://127.0.0.1:9443/a?b=c', 78, '{"spec":{}}'],
      ],
    );
    // The run inside cannot read the file, and need not.
    const inner = { BENCH_PEER: 'other=https://127.0.0.1:9443/a 78 /not/there', ...forInnerRun(options) };
    assert.equal(readOptions(inner).peers[0]?.body, '{"spec":{}}');
  });

  it('refuses what it cannot use, and names it', () => {
    for (const peer of ['pam_hook', 'a=http://127.0.0.1/ 1', 'floor=https://127.0.0.1/ 1', 'a=https://127.0.0.1/']) {
      assert.throws(() => readOptions({ BENCH_PEER: peer }), /BENCH_PEER must be/);
    }
    for (const seconds of ['0', '-1', 'x', '1e9']) {
      assert.throws(() => readOptions({ BENCH_SECONDS: seconds }), /BENCH_SECONDS must be/);
    }
  });
});
