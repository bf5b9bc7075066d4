/** The generator that latency is measured with, against a real server that stalls: whoever would have come meanwhile is counted as waiting. */
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { Worker } from 'node:worker_threads';
import { createCertificate } from '../harness/certificate.js';
import { ROOT } from '../harness/child.js';
import { scratchDirectory } from '../harness/scratch.js';

const hasHeaders = spawnSync('cc', ['-E', '-'], { input: '#include <openssl/ssl.h>\n' }).status === 0;
const RATE = 200;
const STALL = 500;

/** Answers at once, but for one request that holds up the whole process. */
const SERVER = `
  const { parentPort, workerData } = require('node:worker_threads');
  let count = 0;
  const server = require('node:https').createServer(workerData, (request, response) => {
    request.resume();
    count += 1;
    if (count === 100) for (const end = Date.now() + ${STALL}; Date.now() < end; );
    response.end('{}');
  });
  server.listen(0, '127.0.0.1', () => parentPort.postMessage(server.address().port));`;

describe('the open-loop generator', { skip: hasHeaders ? false : 'needs libssl-dev' }, () => {
  it('charges a stall to all requests that were planned in it', async (t) => {
    const directory = scratchDirectory(t);
    const program = join(directory, 'open-loop');
    execFileSync('cc', ['-O1', '-o', program, join(ROOT, 'bench', 'load', 'open-loop.c'), '-lssl', '-lcrypto']);
    const worker = new Worker(SERVER, { eval: true, workerData: await createCertificate() });
    t.after(() => worker.terminate());
    const port = await new Promise<number>((resolve) => worker.once('message', resolve));
    const requests = join(directory, 'requests');
    writeFileSync(requests, 'POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\n{}\0');
    const args = [port, 4, RATE, 2, 200, requests].map(String);
    const [first = '', ...lines] = execFileSync(program, args, { encoding: 'utf8' }).trimEnd().split('\n');
    assert.match(first, /^400 0 /, 'all were answered');
    const latencies = lines.map((line) => Number(line) / 1e6);
    assert.equal(latencies.length, 2 * RATE);
    assert.ok(Math.max(...latencies) >= STALL * 0.95);
    // A closed loop would have seen four long ones: one for each connection.
    const planned = (RATE * STALL) / 1000;
    assert.ok(latencies.filter((latency) => latency > STALL / 10).length >= planned * 0.8);
  });
});
