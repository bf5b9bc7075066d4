/** The operator's log, by winston, to standard error: each process makes one when it starts. */
import { writeSync } from 'node:fs';
import { createRequire } from 'node:module';
import { Writable } from 'node:stream';
import type { Logger as WinstonLogger } from 'winston';
import { type Field, jsonLine, textLine } from './line.js';
import { createLineWriter, type Write } from './line-writer.js';
import type { LogFields, Logger, ProcessName } from './logger.js';
import { lineValueOf } from './printable.js';

export interface LoggerOptions {
  /** `auto`: text on a terminal, else JSON. */
  readonly format: 'auto' | 'text' | 'json';
  readonly verbosity: number;
  readonly process: ProcessName;
  /** Whether standard error is one. */
  readonly isTerminal: boolean;
  /** Milliseconds since the epoch. */
  readonly now?: () => number;
  /** Whether winston waits for the first line to be loaded: not where files can be opened no more by then. */
  readonly loadLater?: boolean;
  /** One that never blocks keeps a stuck reader of the log from holding up the process. */
  readonly write?: Write;
}

const STANDARD_ERROR = 2;
const levels = { error: 0, warn: 1, info: 2, verbose: 3 };
type Level = keyof typeof levels;
type Render = (level: Level, message: string, fields: LogFields) => string;

/** Stacks of errors are shown from this verbosity on. */
const STACK_VERBOSITY = 2;

/** No call throws or ends the process. Lines that could not be written are counted, and the count is logged when writing works again. */
export function createLogger(options: LoggerOptions): Logger {
  const render = renderFor(options);
  const put = lossyWriter(options.write ?? writeSync, (lost) => render('warn', 'log lines were lost', { lost }));
  let logger = options.loadLater ? undefined : createWinston(render, put);
  const log = (level: Level, message: string, fields: LogFields = {}) => {
    try {
      logger ??= createWinston(render, put);
      logger.log({ level, message, fields });
    } catch {
      // A log that fails must not fail what it tells of. Winston cannot be loaded where no file can be opened.
      if (logger === undefined) put(render(level, message, fields));
    }
  };
  return {
    error: (message, fields) => log('error', message, fields),
    warn: (message, fields) => log('warn', message, fields),
    info: (message, fields) => log('info', message, fields),
    verbose: (level, message, fields) => {
      if (level <= options.verbosity) log('verbose', message, fields);
    },
    shows: (level) => level <= options.verbosity,
  };
}

const load = createRequire(import.meta.url);

/** Loaded, it takes some 7 MiB, and a good part of the time in which a process starts. */
function createWinston(render: Render, put: (line: string) => void): WinstonLogger {
  const winston: typeof import('winston') = load('winston');
  return winston.createLogger({
    levels,
    level: 'verbose',
    format: winston.format.printf(({ level, message, fields }) =>
      render(level as Level, String(message), fields as LogFields),
    ),
    transports: new winston.transports.Stream({ stream: writableFor(put), eol: '' }),
  });
}

/** Hands each line on within the call, so that one logged just before the exit is not lost. */
function writableFor(put: (line: string) => void): Writable {
  return new Writable({
    decodeStrings: false,
    write(line, _encoding, next) {
      put(String(line));
      next();
    },
  });
}

function lossyWriter(write: Write, noteOf: (lost: number) => string): (line: string) => void {
  const lines = createLineWriter(STANDARD_ERROR, write);
  let lost = 0;
  return (line) => {
    try {
      if (lost > 0) lines.write(noteOf(lost));
      lost = 0;
      lines.write(line);
    } catch {
      lost++;
    }
  };
}

function renderFor({ format, isTerminal, process: name, verbosity, now = Date.now }: LoggerOptions): Render {
  const asText = format === 'text' || (format === 'auto' && isTerminal);
  return (level, message, given) => {
    const time = new Date(now()).toISOString();
    const fields = fieldsOf(given, verbosity);
    if (asText) return textLine(`${time} ${level.toUpperCase()} ${name}`, message, fields);
    return jsonLine([
      ['time', time],
      ['level', level],
      ['process', name],
      ['pid', process.pid],
      ['message', message],
      ...fields.map(([key, value]): Field => [RESERVED.has(key) ? `_${key}` : key, value]),
    ]);
  };
}

const RESERVED: ReadonlySet<string> = new Set(['time', 'level', 'process', 'pid', 'message']);

function fieldsOf(given: LogFields, verbosity: number): Field[] {
  try {
    return Object.entries(given).flatMap(([name, value]): Field[] => {
      if (value === undefined) return [];
      const field: Field = [name, lineValueOf(value)];
      const stacked = verbosity >= STACK_VERBOSITY && value instanceof Error && value.stack !== undefined;
      return stacked ? [field, [`${name}.stack`, lineValueOf(value.stack)]] : [field];
    });
  } catch {
    return [['fields', '[unprintable]']];
  }
}
