import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import type { LogFields } from '#src/log/logger.js';
import { createLogger, type LoggerOptions } from '#src/log/stderr-logger.js';
import { Secret } from '#src/secret.js';
import { anyString } from '../harness/any-text.js';
import { fc } from '../harness/property.js';

const TIME = '2026-11-22T15:04:05.123Z';

function setUp(options: Partial<LoggerOptions> = {}) {
  const writes: string[] = [];
  const log = createLogger({
    format: 'text',
    verbosity: 0,
    process: 'supervisor',
    isTerminal: false,
    now: () => Date.parse(TIME),
    write: (fd, data) => {
      assert.equal(fd, 2);
      writes.push(data.toString());
      return data.length;
    },
    ...options,
  });
  return { log, writes };
}

/** One line of the text form with these fields, without its head. */
function textOf(fields: LogFields, options: Partial<LoggerOptions> = {}): string {
  const { log, writes } = setUp(options);
  log.info('m', fields);
  assert.equal(writes.length, 1);
  return (writes[0] ?? '').replace(`${TIME} INFO supervisor m `, '').trimEnd();
}

test('the text form is time, level, process, message and fields', () => {
  const { log, writes } = setUp();
  log.error('one', { user: 'alice', count: 3, ok: true, none: null, gone: undefined });
  log.warn('two words');
  log.info('three', { source: '2001:db8::1', list: ['a', 'b'], text: 'two words', empty: '' });
  assert.deepEqual(writes, [
    `${TIME} ERROR supervisor one user=alice count=3 ok=true none=null\n`,
    `${TIME} WARN supervisor two words\n`,
    `${TIME} INFO supervisor three source=2001:db8::1 list=["a","b"] text="two words" empty=""\n`,
  ]);
});

test('the JSON form is one object, whose own fields none of the given ones replaces', () => {
  const { log, writes } = setUp({ format: 'json', process: 'front' });
  log.warn('hello', { user: 'alice', level: 'x', pid: 1, message: 'forged' });
  assert.deepEqual(JSON.parse(writes[0] ?? ''), {
    time: TIME,
    level: 'warn',
    process: 'front',
    pid: process.pid,
    message: 'hello',
    user: 'alice',
    _level: 'x',
    _pid: 1,
    _message: 'forged',
  });
});

test('the format auto is text on a terminal and JSON elsewhere', () => {
  for (const [isTerminal, start] of [
    [true, TIME],
    [false, '{"time"'],
  ] as const) {
    const { log, writes } = setUp({ format: 'auto', isTerminal });
    log.info('m');
    assert.ok(writes[0]?.startsWith(start));
  }
});

test('verbose() shows what the verbosity asks for', () => {
  const { log, writes } = setUp({ verbosity: 2 });
  log.verbose(1, 'one');
  log.verbose(2, 'two');
  log.verbose(3, 'three');
  assert.deepEqual(writes, [`${TIME} VERBOSE supervisor one\n`, `${TIME} VERBOSE supervisor two\n`]);
});

test('secrets print as [redacted] and bytes as their number, however deep', () => {
  const secret = Secret.fromString('hunter2');
  const bytes = Buffer.from('hunter2');
  assert.equal(textOf({ secret, bytes }), 'secret="[redacted]" bytes="[7 bytes]"');
  const line = textOf({ deep: { list: [secret, { bytes }] } });
  assert.match(line, /\[redacted\]/);
  assert.match(line, /\[7 bytes\]/);
  assert.doesNotMatch(line, /hunter2|68 75 6e|104,117/);
});

test('errors print their message, code and causes, and their stack only with -v 2', () => {
  const cause = Object.assign(new Error('no such file'), { code: 'ENOENT' });
  const error = new Error('cannot start', { cause });
  assert.equal(textOf({ error }), 'error="cannot start; cause: no such file (ENOENT)"');
  assert.match(textOf({ error }, { verbosity: 2 }), /error\.stack="Error: cannot start\\n {4}at /);
  const circular: Error & { cause?: unknown } = new Error('round');
  circular.cause = circular;
  assert.match(textOf({ circular }), /^circular="(round(; cause: )?){5}"$/);
});

test('no text of a user forges a line or reaches the terminal', () => {
  const hostile = 'a\nb\r\tc\u001b[2Jd\u0085e\u2028f\u2029g\u202eh\u2066i\u200fj\u0000k\u007fl\u{e0041}m\ud800';
  const unsafe = /[\p{C}\p{Zl}\p{Zp}]/u;
  for (const format of ['text', 'json'] as const) {
    const { log, writes } = setUp({ format });
    log.info(hostile, { user: hostile, [hostile]: 1, list: [hostile] });
    assert.equal(writes.length, 1);
    assert.doesNotMatch((writes[0] ?? '').slice(0, -1), unsafe);
    if (format === 'json') assert.equal(JSON.parse(writes[0] ?? '').user, hostile);
  }
  assert.equal(textOf({ user: 'x level=ERROR' }), 'user="x level=ERROR"');
  assert.equal(textOf({ user: 'x" level=ERROR' }), 'user="x\\" level=ERROR"');
});

test('a value is cut at 1 KiB as printed, with a mark, between characters', () => {
  for (const text of [
    'x'.repeat(5000),
    'é'.repeat(5000),
    '\n'.repeat(5000),
    '😀'.repeat(5000),
    '\u202e'.repeat(5000),
  ]) {
    const { log, writes } = setUp({ format: 'json' });
    log.info('m', { text });
    const printed = /"text":"(.*)"\}\n$/.exec(writes[0] ?? '')?.[1] ?? '';
    assert.ok(Buffer.byteLength(printed) <= 1024 && Buffer.byteLength(printed) > 1000);
    const { text: shown } = JSON.parse(writes[0] ?? '');
    assert.ok(shown.endsWith('…[cut]') && text.startsWith(shown.slice(0, -6)) && shown.isWellFormed());
  }
  assert.equal(textOf({ text: 'x'.repeat(1024) }), `text=${'x'.repeat(1024)}`);
});

test('any call writes one line of at most 4096 bytes, and never throws', () => {
  fc.assert(
    fc.property(fc.constantFrom('text', 'json'), anyString(), fc.object(), (format, message, fields) => {
      const { log, writes } = setUp({ format });
      log.info(message, fields);
      assert.equal(writes.length, 1);
      assert.equal(writes[0]?.indexOf('\n'), (writes[0]?.length ?? 0) - 1);
      if (format === 'json') JSON.parse(writes[0] ?? '');
    }),
  );
  for (const format of ['text', 'json'] as const) {
    const { log, writes } = setUp({ format });
    const many = Object.fromEntries(Array.from({ length: 200 }, (_, i) => [`${i}`.repeat(40), 'é\n'.repeat(900)]));
    log.info('é'.repeat(9000), { list: Array.from({ length: 500 }, () => 'x'.repeat(500)), ...many });
    assert.ok(Buffer.byteLength(writes[0] ?? '') <= 4096);
  }
});

test('lists, objects and the number of fields are bounded', () => {
  const many = Array.from({ length: 100 }, (_, i) => `${i}`);
  assert.equal((textOf({ many }).match(/"\d+"/g) ?? []).length, 32);
  assert.match(textOf({ many }), /"31","…\[cut\]"\]$/);
  assert.equal(textOf(Object.fromEntries(many.map((name) => [`f${name}`, 1]))).split(' ').length, 64);
  assert.equal((textOf({ wide: [...many, 1] }).match(/\d+/g) ?? []).length, 64);
  assert.equal((textOf({ wide: Object.fromEntries(many.map((i) => [i, 1])) }).match(/:1\b/g) ?? []).length, 64);
  assert.equal(textOf({ deep: [[[[1]]]] }), 'deep="[[[\\"[...]\\"]]]"');
});

test('values that throw when they are looked at are logged as unprintable', () => {
  const thrower = {
    get property(): never {
      throw new Error('no');
    },
  };
  const circular: Record<string, unknown> = {};
  circular['self'] = circular;
  assert.equal(textOf({ thrower }), 'thrower="[unprintable]"');
  assert.equal(textOf(thrower), 'fields="[unprintable]"');
  assert.match(textOf({ circular, big: 1n, nan: Number.NaN }), /^circular=.* big=1 nan=NaN$/);
});

test('lines that could not be written are counted, and the count is logged when writing works again', () => {
  const written: string[] = [];
  let broken = true;
  const { log } = setUp({
    write: (_fd, data) => {
      if (broken) throw Object.assign(new Error('write EPIPE'), { code: 'EPIPE' });
      written.push(data.toString());
      return data.length;
    },
  });
  log.info('one');
  log.info('two');
  broken = false;
  log.info('three');
  log.info('four');
  assert.deepEqual(written, [
    `${TIME} WARN supervisor log lines were lost lost=2\n`,
    `${TIME} INFO supervisor three\n`,
    `${TIME} INFO supervisor four\n`,
  ]);
});

test('a line torn by a short write is ended before the next', () => {
  let written = '';
  let room = 10;
  const { log } = setUp({
    write: (_fd, data) => {
      const taken = data.subarray(0, room);
      written += taken.toString();
      return taken.length;
    },
  });
  log.info('one');
  room = 4096;
  log.info('two');
  assert.equal(
    written,
    `${TIME.slice(0, 10)}\n${TIME} WARN supervisor log lines were lost lost=1\n${TIME} INFO supervisor two\n`,
  );
});

test('a fault in the clock does not throw', () => {
  const { log } = setUp({ now: () => Number.NaN });
  log.info('m');
});

/** Runs a program with the logger on its real standard error. */
function run(program: string, command = ''): { status: number | null; stdout: string; stderr: string } {
  const module = JSON.stringify(import.meta.resolve('#src/log/stderr-logger.js'));
  const script = `import { createLogger } from ${module};
    const log = createLogger({ format: 'text', verbosity: 0, process: 'front', isTerminal: false });
    ${program}`;
  const quoted = `'${script.replaceAll("'", `'\\''`)}'`;
  const line = `"$0" --input-type=module -e ${quoted} ${command}`;
  return spawnSync('bash', ['-c', line, process.execPath], { encoding: 'utf8', timeout: 20_000 });
}

test('a line logged just before the exit is not lost', () => {
  const { stderr } = run('log.info("first"); log.info("last"); process.exit(0);');
  assert.match(stderr, /^\S+ INFO front first\n\S+ INFO front last\n$/);
});

test('a closed pipe or a full disk at standard error does not end the process', () => {
  const program = 'log.info("one"); setTimeout(() => { log.info("two"); console.log("alive"); }, 10);';
  assert.deepEqual(run(program, '2> /dev/full').stdout, 'alive\n');
  const closed = run(program, '2> >(exec <&-; exit)');
  assert.equal(closed.stdout, 'alive\n');
  assert.equal(run(program, '2>&-').stdout, 'alive\n');
});
