import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  closeSync,
  constants,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  readSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { ConfigurationError, UnavailableError } from '#src/errors.js';
import type { AuditEvent } from '#src/log/audit-event.js';
import { type AuditLog, openAuditLog, takesLines } from '#src/log/audit-log.js';
import { anyText } from '../harness/any-text.js';
import { fc } from '../harness/property.js';

const TIME = '2026-11-22T15:04:05.123Z';
const STARTED: AuditEvent = { event: 'daemon.started' };

function directoryFor(t: TestContext): string {
  const directory = mkdtempSync(join(tmpdir(), 'pamhook-'));
  t.after(() => rmSync(directory, { recursive: true }));
  return directory;
}

function open(t: TestContext, destination: string, write: (fd: number, data: Buffer) => number = writeSync): AuditLog {
  const log = openAuditLog({ destination, write, now: () => Date.parse(TIME) });
  t.after(() => log.close());
  return log;
}

function linesOf(path: string): Array<Record<string, unknown>> {
  const text = readFileSync(path, 'utf8');
  assert.ok(text === '' || text.endsWith('\n'));
  return text
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line));
}

function assertFails(log: AuditLog, cause?: RegExp): void {
  assert.throws(
    () => log.append(STARTED, 'supervisor', 1),
    (error) => {
      assert.ok(error instanceof UnavailableError && error.cause instanceof Error);
      assert.equal(error.code, 'ERR_AUDIT_FAILED');
      if (cause) assert.match(error.cause.message, cause);
      return true;
    },
  );
}

test('append() writes time, event, process, pid and then the fields, as one JSON line', (t) => {
  const path = join(directoryFor(t), 'audit.log');
  const log = open(t, path);
  log.append({ event: 'token.issued', user: 'alice', jti: 'j', count: 1, groups: ['a', 'b'] }, 'worker', 42);
  log.append(STARTED, 'supervisor', 7);
  assert.equal(
    readFileSync(path, 'utf8'),
    `{"time":"${TIME}","event":"token.issued","process":"worker","pid":42,"user":"alice","jti":"j","count":1,"groups":["a","b"]}\n` +
      `{"time":"${TIME}","event":"daemon.started","process":"supervisor","pid":7}\n`,
  );
});

test('append() lets no field replace time, process or pid', (t) => {
  const path = join(directoryFor(t), 'audit.log');
  open(t, path).append({ event: 'token.refused', time: 'never', process: 'x', pid: 0 }, 'front', 3);
  assert.deepEqual(linesOf(path), [{ time: TIME, event: 'token.refused', process: 'front', pid: 3 }]);
});

test('append() makes one write a line, of at most 4096 bytes of valid JSON, whatever the fields', () => {
  const writes: Buffer[] = [];
  const write = (fd: number, data: Buffer) => {
    assert.equal(fd, 1);
    writes.push(Buffer.from(data));
    return data.length;
  };
  const log = openAuditLog({ destination: '-', write });
  const text = anyText({ maxLength: 6000, size: 'max' });
  const fields = fc.dictionary(text, fc.oneof(text, fc.double(), fc.boolean(), fc.array(text)), { maxKeys: 100 });
  fc.assert(
    fc.property(fields, text, (given, user) => {
      log.append({ ...given, event: 'token.issued', user, jti: 'd3b07384-d113-4ec9-a1c1-000000000000' }, 'worker', 42);
      const line = writes.splice(0);
      assert.equal(line.length, 1);
      assert.ok((line[0]?.length ?? 0) <= 4096);
      assert.equal(line[0]?.indexOf('\n'), (line[0]?.length ?? 0) - 1);
      assert.equal(JSON.parse(String(line[0])).event, 'token.issued');
    }),
    { numRuns: 30, interruptAfterTimeLimit: 20_000 },
  );
});

test('append() cuts the long fields and keeps the short ones', (t) => {
  const path = join(directoryFor(t), 'audit.log');
  const event: AuditEvent = {
    event: 'token.issued',
    a: 'x'.repeat(9000),
    user: '\u202e'.repeat(500),
    b: 'y'.repeat(9000),
  };
  const jti = 'd3b07384-d113-4ec9-a1c1-000000000000';
  open(t, path).append({ ...event, c: 'z'.repeat(9000), d: 'z'.repeat(9000), jti }, 'worker', 42);
  const [line] = linesOf(path);
  assert.equal(line?.['jti'], jti);
  for (const name of ['a', 'b', 'c', 'd', 'user']) assert.match(String(line?.[name]), /…\[cut\]$/);
});

test('append() escapes what could forge a line or disturb a terminal', (t) => {
  const path = join(directoryFor(t), 'audit.log');
  const user = 'a"}\n{"event":"token.issued\r\u2028\u2029\u007f\u0085\u009b\u202e\u001b[2J';
  open(t, path).append({ event: 'token.refused', user }, 'worker', 42);
  assert.doesNotMatch(readFileSync(path, 'utf8').slice(0, -1), /[\p{C}\p{Zl}\p{Zp}]/u);
  assert.equal(linesOf(path)[0]?.['user'], user);
});

test('the file is made with mode 0600, appended to, and closed on exec', (t) => {
  const path = join(directoryFor(t), 'audit.log');
  const umask = process.umask(0);
  t.after(() => process.umask(umask));
  const first = open(t, path);
  first.append(STARTED, 'supervisor', 1);
  assert.equal(statSync(path).mode & 0o777, 0o600);
  open(t, path).append(STARTED, 'supervisor', 2);
  first.append(STARTED, 'supervisor', 3);
  assert.deepEqual(
    linesOf(path).map(({ pid }) => pid),
    [1, 2, 3],
  );
  const fd = readdirSync('/proc/self/fd').find((name) => linkOf(name) === path);
  const flags = /^flags:\s+(\d+)$/m.exec(readFileSync(`/proc/self/fdinfo/${fd}`, 'utf8'))?.[1] ?? '';
  const closeOnExec = 0o2000000;
  assert.ok(Number.parseInt(flags, 8) & closeOnExec);
});

function linkOf(fd: string): string | undefined {
  try {
    return readlinkSync(`/proc/self/fd/${fd}`);
  } catch {
    return undefined;
  }
}

test('a full disk fails the line', (t) => {
  assertFails(open(t, '/dev/full'), /ENOSPC/);
});

test('a short write fails the line, and the torn line is ended before the next', (t) => {
  const path = join(directoryFor(t), 'audit.log');
  let room = 20;
  const log = open(t, path, (fd, data) => writeSync(fd, data, 0, Math.min(room, data.length)));
  assertFails(log, /wrote 20 of \d+ bytes/);
  room = 1;
  assertFails(log, /wrote 1 of/);
  room = 4096;
  log.append(STARTED, 'supervisor', 2);
  log.append(STARTED, 'supervisor', 3);
  const [torn, ...whole] = readFileSync(path, 'utf8').split('\n');
  assert.equal(torn?.length, 20);
  assert.deepEqual(
    whole.slice(0, -1).map((line) => JSON.parse(line).pid),
    [2, 3],
  );
});

test('a write that fails wholly leaves nothing to end', (t) => {
  const path = join(directoryFor(t), 'audit.log');
  let take: (fd: number, data: Buffer) => number = () => {
    throw new Error('no');
  };
  const log = open(t, path, (fd, data) => take(fd, data));
  assertFails(log, /^no$/);
  take = () => 0;
  assertFails(log, /wrote 0 of/);
  take = writeSync;
  log.append(STARTED, 'supervisor', 2);
  assert.equal(linesOf(path).length, 1);
});

test('a line that a former run left torn is ended before the first', (t) => {
  const path = join(directoryFor(t), 'audit.log');
  writeFileSync(path, '{"time":"20');
  open(t, path).append(STARTED, 'supervisor', 1);
  assert.match(readFileSync(path, 'utf8'), /^\{"time":"20\n\{.*\}\n$/);
  open(t, path).append(STARTED, 'supervisor', 2);
  assert.match(readFileSync(path, 'utf8'), /^\{"time":"20\n\{.*\}\n\{.*\}\n$/);
});

test('a FIFO takes lines, and fails them when it is full or nobody reads', (t) => {
  const path = join(directoryFor(t), 'fifo');
  execFileSync('mkfifo', [path]);
  assert.throws(() => open(t, path), { name: 'ConfigurationError', message: `audit-log: cannot open ${path} (ENXIO)` });
  const reader = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  const log = open(t, path);
  let taken = 0;
  const fill = () => {
    for (; taken < 100_000; taken++) log.append(STARTED, 'supervisor', taken);
  };
  assert.throws(fill, { code: 'ERR_AUDIT_FAILED' });
  assert.ok(taken > 100);
  const read = Buffer.alloc(1 << 20);
  const lines = read.toString('utf8', 0, readSync(reader, read)).split('\n');
  assert.deepEqual(
    lines.slice(0, -1).map((line) => JSON.parse(line).pid),
    Array.from({ length: taken }, (_, i) => i),
  );
  log.append(STARTED, 'supervisor', 1);
  closeSync(reader);
  assertFails(log, /EPIPE/);
});

test('standard output is written to descriptor 1, never reopened, never closed', () => {
  const fds: number[] = [];
  const write = (fd: number, data: Buffer) => {
    fds.push(fd);
    return data.length;
  };
  const log = openAuditLog({ destination: '-', write });
  log.append(STARTED, 'supervisor', 1);
  log.reopen();
  log.append(STARTED, 'supervisor', 1);
  log.close();
  assert.deepEqual(fds, [1, 1]);
  assert.ok(statSync('/proc/self/fd/1'));
  assertFails(log, /closed/);
});

test('no symbolic link is followed', (t) => {
  const directory = directoryFor(t);
  const path = join(directory, 'audit.log');
  writeFileSync(join(directory, 'victim'), '');
  symlinkSync(join(directory, 'victim'), path);
  assert.throws(() => open(t, path), { name: 'ConfigurationError', message: `audit-log: cannot open ${path} (ELOOP)` });
  rmSync(path);
  symlinkSync(join(directory, 'new'), path);
  assert.throws(() => open(t, path), ConfigurationError);
  assert.deepEqual(readdirSync(directory).sort(), ['audit.log', 'victim']);
});

test('a directory and a file in a missing one are refused with the reason', (t) => {
  const directory = directoryFor(t);
  mkdirSync(join(directory, 'd'));
  assert.throws(() => open(t, join(directory, 'd')), { message: /\(EISDIR\)$/, name: 'ConfigurationError' });
  assert.throws(() => open(t, join(directory, 'no', 'f')), {
    message: /\(ENOENT\)$/,
    cure: 'Make its directory first.',
  });
});

test('a block device, a directory and a socket take no lines', () => {
  const { S_IFREG, S_IFIFO, S_IFCHR, S_IFBLK, S_IFDIR, S_IFSOCK } = constants;
  for (const type of [S_IFREG, S_IFIFO, S_IFCHR]) assert.equal(takesLines(type | 0o600), true);
  for (const type of [S_IFBLK, S_IFDIR, S_IFSOCK]) assert.equal(takesLines(type | 0o600), false);
});

test('reopen() goes on in a new file after the old one was moved away, and leaks no descriptor', (t) => {
  const directory = directoryFor(t);
  const path = join(directory, 'audit.log');
  const log = open(t, path);
  log.append(STARTED, 'supervisor', 1);
  renameSync(path, join(directory, 'audit.log.1'));
  log.append(STARTED, 'supervisor', 2);
  const before = readdirSync('/proc/self/fd').length;
  log.reopen();
  log.append(STARTED, 'supervisor', 3);
  assert.equal(readdirSync('/proc/self/fd').length, before);
  assert.deepEqual(
    linesOf(join(directory, 'audit.log.1')).map(({ pid }) => pid),
    [1, 2],
  );
  assert.deepEqual(
    linesOf(path).map(({ pid }) => pid),
    [3],
  );
});

test('reopen() that fails says so and keeps the file open so far', (t) => {
  const directory = directoryFor(t);
  const path = join(directory, 'audit.log');
  const log = open(t, path);
  renameSync(path, join(directory, 'moved'));
  mkdirSync(path);
  assert.throws(() => log.reopen(), { name: 'ConfigurationError', message: `audit-log: cannot open ${path} (EISDIR)` });
  log.append(STARTED, 'supervisor', 1);
  assert.equal(linesOf(join(directory, 'moved')).length, 1);
});

test('reopen() of the same file ends a torn line', (t) => {
  const path = join(directoryFor(t), 'audit.log');
  let room = 20;
  const log = open(t, path, (fd, data) => writeSync(fd, data, 0, Math.min(room, data.length)));
  assertFails(log);
  log.reopen();
  room = 4096;
  log.append(STARTED, 'supervisor', 1);
  assert.match(readFileSync(path, 'utf8'), /^.{20}\n\{.*\}\n$/);
});
