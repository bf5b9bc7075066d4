/** The real front and the real worker, sent what no supervisor sends: they end, by themselves and at once. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import { it } from 'node:test';
import { ROOT } from '../harness/child.js';

function framed(json: string): Buffer {
  const header = Buffer.alloc(4);
  header.writeUInt32BE(Buffer.byteLength(json));
  return Buffer.concat([header, Buffer.from(json)]);
}

const attacks: Record<string, Uint8Array> = {
  'a frame of 4 GiB': new Uint8Array(8).fill(0xff),
  'what is no JSON': framed('GET / HTTP/1.1'),
  'JSON of 32,768 levels': framed('['.repeat(32_768) + ']'.repeat(32_768)),
  'a frame that only it may send': framed('{"kind":"ready"}'),
  'a configuration of nothing': framed('{"kind":"configure"}'),
};

for (const name of ['front', 'worker']) {
  it(`the ${name} ends when it is sent ${Object.keys(attacks).join(', or ')}`, async () => {
    const endings = Object.values(attacks).map(async (bytes) => {
      const child = spawn(process.execPath, [join(ROOT, 'dist', 'privsep', `${name}.js`)], {
        stdio: ['ignore', 'ignore', 'pipe', 'pipe'],
      });
      let said = '';
      child.stderr?.on('data', (chunk: Buffer) => {
        said += chunk;
      });
      const channel = child.stdio[3] as Duplex;
      channel.on('error', () => undefined);
      channel.write(bytes);
      const [code] = await once(child, 'close');
      return [code, said];
    });
    // Nobody asks a worker for its code; the front was not told to go.
    const code = name === 'front' ? 1 : 0;
    assert.deepEqual(
      await Promise.all(endings),
      Object.keys(attacks).map(() => [code, '']),
    );
  });
}
