/** The real front and the real worker, sent what no supervisor sends: they end, by themselves and at once. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import { it } from 'node:test';
import { ROOT } from '../harness/child.js';
import { es256 } from '../keys/generated-keys.js';

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

it('the worker signs for nobody without a password while it is configured to believe no header, whoever asks', async (t) => {
  const child = spawn(process.execPath, [join(ROOT, 'dist', 'privsep', 'worker.js')], {
    stdio: ['ignore', 'ignore', 'ignore', 'pipe'],
  });
  t.after(() => child.kill('SIGKILL'));
  const channel = child.stdio[3] as Duplex;
  const send = (frame: object) => channel.write(framed(JSON.stringify(frame)));
  const { algorithm, kid, key } = es256.parsed.signing;
  const lists = { audience: [], claims: [], requireAudience: false, issuer: '' };
  const policy = { allowGroups: [], minUid: 0, usernamePrefix: '', groupsPrefix: '', groupsFilter: ['*'] };
  send({
    kind: 'configure',
    logging: { format: 'json', verbosity: 0 },
    token: { ...lists, defaultLifetime: 60, maxLifetime: 60, policy },
    signingKey: { algorithm, kid, key: Buffer.from(key).toString('base64') },
    pamServiceName: 'pamhook',
    accountCheckService: 'pamhook',
    nicer: 0,
    identityTimeout: 1000,
    lockMemory: false,
    supervisorPid: process.pid,
  });
  send({ kind: 'vouch', id: 1, requestId: 'r', username: 'root', groups: [] });
  let came = '';
  channel.setEncoding('utf8').on('data', (text: string) => {
    came += text;
  });
  while (!came.includes('"vouched"')) await once(channel, 'data');
  assert.match(came, /\{"kind":"vouched","id":1,"outcome":"unavailable","code":"ERR_PROTOCOL"\}/);
});
