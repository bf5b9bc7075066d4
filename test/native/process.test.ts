/** What a process asks of the kernel about itself: each in a child, since none can be taken back. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadNative } from '#src/native/binding.js';
import { evaluate } from '../harness/child.js';
import { compileShared } from '../harness/compile.js';
import { scratchDirectory } from '../harness/scratch.js';

const root = process.getuid?.() === 0;
const needsRoot = { skip: root ? false : 'needs root' };
const ordinary = root ? { uid: 65534 } : {};

/** Lets the script wait for a condition without guessing how long. */
const until = `const until = async (condition) => { while (!condition()) await new Promise((resolve) => setTimeout(resolve, 5)); };
  const { readFileSync, readdirSync, existsSync } = await import('node:fs');
  const threads = () => readdirSync('/proc/self/task').map((t) => readFileSync('/proc/self/task/' + t + '/status', 'utf8'));`;

test('forbidCoreDumps() leaves no core file to write, and closes /proc/self/environ to the same uid', async () => {
  const script = `const { readFileSync } = await import('node:fs');
    native.forbidCoreDumps();
    const limit = /Max core file size\\s+(\\d+)\\s+(\\d+)/.exec(readFileSync('/proc/self/limits', 'utf8'));
    let code;
    try { readFileSync('/proc/self/environ'); } catch (error) { code = error.code; }
    console.log(JSON.stringify([limit[1], limit[2], code]));`;
  assert.deepEqual(await evaluate(script, ordinary), ['0', '0', 'EACCES']);
});

test('setNoNewPrivileges() binds threads that run already, and no program can be started from any', async () => {
  const script = `${until}
    const { Worker } = await import('node:worker_threads');
    const { spawnSync } = await import('node:child_process');
    const source = 'const { parentPort } = require("node:worker_threads"); parentPort.on("message", () => {' +
      'parentPort.postMessage(require("node:child_process").spawnSync("/bin/true").error?.code ?? "started"); parentPort.close(); })';
    const worker = new Worker(source, { eval: true, execArgv: [] });
    await new Promise((resolve) => worker.once('online', resolve));
    const before = spawnSync('/bin/true').status;
    const reached = native.setNoNewPrivileges();
    const bound = threads().every((status) => /^NoNewPrivs:\\t1$/m.test(status) && /^Seccomp:\\t2$/m.test(status));
    const here = spawnSync('/bin/true').error?.code ?? 'started';
    const there = await new Promise((resolve) => { worker.once('message', resolve); worker.postMessage(0); });
    console.log(JSON.stringify({ before, reached, bound, here, there }));`;
  assert.deepEqual(await evaluate(script, ordinary), {
    before: 0,
    reached: 'all threads',
    bound: true,
    here: 'EPERM',
    there: 'EPERM',
  });
});

test('after setNoNewPrivileges() there is no second process, whichever way one is asked for', async (t) => {
  const directory = scratchDirectory(t);
  const library = compileShared(directory, 'forking.c');
  const script = `const tried = () => {
      try { process.dlopen({ exports: {} }, ${JSON.stringify(library)}); } catch {}
      return process.env.TRIED;
    };
    native.setNoNewPrivileges();
    console.log(JSON.stringify(tried()));`;
  assert.match(String(await evaluate(script, ordinary)), /^fork EPERM(?:, [a-z ]+ EPERM)+$/);
});

test('after setNoNewPrivileges() threads, sockets, files and lookups work on', async () => {
  const script = `${until}
    native.setNoNewPrivileges();
    const { Worker } = await import('node:worker_threads');
    const { createServer, connect } = await import('node:net');
    const { readFile } = await import('node:fs/promises');
    await new Promise((resolve) => new Worker('0', { eval: true, execArgv: [] }).on('exit', resolve));
    const server = createServer((socket) => socket.end('hello')).listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    const socket = connect(server.address().port, '127.0.0.1');
    let text = '';
    for await (const chunk of socket) text += chunk;
    server.close();
    const user = await native.lookupUser('root');
    console.log(JSON.stringify([text, (await readFile('/proc/self/comm', 'utf8')).length > 0, user.uid]));`;
  assert.deepEqual(await evaluate(script, ordinary), ['hello', true, 0]);
});

test(
  'dropPrivileges() leaves every thread with the account alone, and nothing brings root back',
  needsRoot,
  async () => {
    const script = `${until}
    const { Worker } = await import('node:worker_threads');
    const worker = new Worker('setInterval(() => 0, 1000)', { eval: true, execArgv: [] });
    await new Promise((resolve) => worker.once('online', resolve));
    await native.lookupUser('root');
    const before = native.canRegainPrivileges();
    native.dropPrivileges({ uid: 65534, gid: 65533, groups: [65532] });
    const unsealed = native.canRegainPrivileges();
    native.setNoNewPrivileges();
    const after = native.canRegainPrivileges();
    const of = (status, field) => new RegExp('^' + field + ':\\\\s*(.*?)\\\\s*$', 'm').exec(status)[1];
    const all = threads().map((s) => ['Uid', 'Gid', 'Groups', 'CapPrm', 'CapEff', 'CapInh', 'CapAmb'].map((f) => of(s, f)).join());
    let shadow, port;
    try { readFileSync('/etc/shadow'); } catch (error) { shadow = error.code; }
    try { native.listen('127.0.0.1', 1, 1); } catch (error) { port = error.code; }
    console.log(JSON.stringify({ before, unsealed, after, all: [...new Set(all)], shadow, port }));
    process.exit(0);`;
    const none = '0000000000000000';
    assert.deepEqual(await evaluate(script), {
      before: true,
      unsealed: true,
      after: false,
      all: [`65534\t65534\t65534\t65534,65533\t65533\t65533\t65533,65532,${none},${none},${none},${none}`],
      shadow: 'EACCES',
      port: 'EACCES',
    });
  },
);

test('canRegainPrivileges() sees a group of root that was left', needsRoot, async () => {
  const script = `process.setgroups([0]);
    process.setgid(65534);
    process.setuid(65534);
    native.setNoNewPrivileges();
    console.log(JSON.stringify(native.canRegainPrivileges()));`;
  assert.equal(await evaluate(script), true);
});

test('dropPrivileges() by an ordinary user throws with a code', async () => {
  const script = `let code;
    try { native.dropPrivileges({ uid: 65534, gid: 65534, groups: [] }); } catch (error) { code = error.code; }
    console.log(JSON.stringify(code));`;
  assert.equal(await evaluate(script, ordinary), 'EPERM');
});

test('dropPrivileges() refuses root, and the id that means "leave as it is"', () => {
  const native = loadNative();
  for (const id of [0, 4294967295, -1, 1.5]) {
    assert.throws(() => native.dropPrivileges({ uid: id, gid: 1, groups: [] }), { message: /^uid must be/ });
    assert.throws(() => native.dropPrivileges({ uid: 1, gid: id, groups: [] }), { message: /^gid must be/ });
    assert.throws(() => native.dropPrivileges({ uid: 1, gid: 1, groups: [id] }), { message: /^groups\[0\] must be/ });
  }
});

test('setParentDeathSignal() ends the child with its parent', async () => {
  const script = `${until}
    const { spawn } = await import('node:child_process');
    const binding = ${JSON.stringify(new URL('../../src/native/binding.js', import.meta.url).href)};
    const grandchild = 'import(' + JSON.stringify(binding) + ').then(({ loadNative }) => { loadNative().setParentDeathSignal(9); console.log("ready"); setInterval(() => 0, 1000); })';
    const parent = 'const c = require("child_process").spawn(process.execPath, ["-e", ' + JSON.stringify(grandchild) + '], { stdio: ["ignore", "pipe", "inherit"] });' +
      'c.stdout.once("data", () => { console.log(c.pid); setInterval(() => 0, 1000); })';
    native.setChildSubreaper();
    const child = spawn(process.execPath, ['-e', parent], { stdio: ['ignore', 'pipe', 'inherit'] });
    const pid = Number(await new Promise((resolve) => child.stdout.once('data', resolve)));
    child.kill('SIGKILL');
    await new Promise((resolve) => child.once('exit', resolve));
    await until(() => native.reap(pid));
    console.log(JSON.stringify([existsSync('/proc/' + pid), native.reap(pid)]));
    process.exit(0);`;
  assert.deepEqual(await evaluate(script), [false, false]);
});

test('reap() takes one pid, never "any child"', () => {
  const native = loadNative();
  for (const pid of [0, -1, 1.5, 2 ** 31]) assert.throws(() => native.reap(pid), { message: /^pid must be/ });
});
