/** The operator's log, to standard error: each process makes one when it starts. */
import { writeSync } from 'node:fs';
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
  /** One that never blocks keeps a stuck reader of the log from holding up the process. */
  readonly write?: Write;
}

const STANDARD_ERROR = 2;
type Level = 'error' | 'warn' | 'info' | 'verbose';
type Render = (level: Level, message: string, fields: LogFields) => string;

/** Stacks of errors are shown from this verbosity on. */
const STACK_VERBOSITY = 2;

/** No call throws or ends the process. Lines that could not be written are counted, and the count is logged when writing works again. */
export function createLogger(options: LoggerOptions): Logger {
  const render = renderFor(options);
  const put = lossyWriter(options.write ?? writeSync, (lost) => render('warn', 'log lines were lost', { lost }));
  const log = (level: Level, message: string, fields: LogFields = {}) => {
    try {
      put(render(level, message, fields));
    } catch {
      // A log that fails must not fail what it tells of.
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
