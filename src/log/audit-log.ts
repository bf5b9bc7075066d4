/** The audit log: one JSON line an event, written whole or not at all; opened and written by the supervisor alone. */
import { accessSync, closeSync, constants, fstatSync, lstatSync, openSync, readSync, type Stats } from 'node:fs';
import { dirname } from 'node:path';
import { ConfigurationError, UnavailableError } from '../errors.js';
import type { AuditEvent } from './audit-event.js';
import { type Field, jsonLine } from './line.js';
import { createLineWriter, type LineWriter, type Write } from './line-writer.js';
import type { ProcessName } from './logger.js';
import { lineValueOf } from './printable.js';

export interface AuditLogOptions {
  /** `-`: standard output; else the path of a file, a FIFO or a character device. */
  readonly destination: string;
  /** One that never blocks (native.writeNow): a stuck reader must fail the line, not hold up the daemon. */
  readonly write: Write;
  /** Milliseconds since the epoch. */
  readonly now?: () => number;
}

export interface AuditLog {
  /**
   * Writes one line for an event of the process. Throws UnavailableError with ERR_AUDIT_FAILED when one write(2) did not take it in full.
   */
  append(event: AuditEvent, process: ProcessName, pid: number): void;
  /** For SIGHUP. Throws ConfigurationError, and keeps the file open so far, when the path cannot be opened. */
  reopen(): void;
  close(): void;
}

interface Target {
  readonly fd: number;
  readonly lines: LineWriter;
}

const STANDARD_OUTPUT = 1;
const NEWLINE = 0x0a;
const RESERVED: ReadonlySet<string> = new Set(['time', 'event', 'process', 'pid']);

/** Throws ConfigurationError when the destination cannot be opened or is no place for a log. */
export function openAuditLog({ destination, write, now = Date.now }: AuditLogOptions): AuditLog {
  const open = () => (destination === '-' ? standardOutput(write) : openTarget(destination, write));
  let target: Target | undefined = open();
  return {
    append(event, process, pid) {
      try {
        if (target === undefined) throw new Error('the audit log is closed');
        target.lines.write(lineOf(event, process, pid, now()));
      } catch (cause) {
        throw new UnavailableError('ERR_AUDIT_FAILED', 'the audit line could not be written in full', { cause });
      }
    },
    reopen() {
      if (destination === '-') return;
      // The new one first: when it fails, the old one still takes lines.
      const old = target;
      target = open();
      closeTarget(old);
    },
    close() {
      closeTarget(target);
      target = undefined;
    },
  };
}

function lineOf(event: AuditEvent, process: ProcessName, pid: number, time: number): string {
  const own: Field[] = [
    ['time', new Date(time).toISOString()],
    ['event', event.event],
    ['process', process],
    ['pid', pid],
  ];
  const rest = Object.entries(event).filter(([name, value]) => value !== undefined && !RESERVED.has(name));
  return jsonLine([...own, ...rest.map(([name, value]): Field => [name, lineValueOf(value)])]);
}

function standardOutput(write: Write): Target {
  return { fd: STANDARD_OUTPUT, lines: createLineWriter(STANDARD_OUTPUT, write) };
}

/** Its lines are written: a fault in closing changes nothing. */
function closeTarget(target: Target | undefined): void {
  if (target === undefined || target.fd === STANDARD_OUTPUT) return;
  try {
    closeSync(target.fd);
  } catch {}
}

function openTarget(path: string, write: Write): Target {
  const fd = openForAppending(path);
  const stats = fstatSync(fd);
  if (takesLines(stats.mode)) {
    return { fd, lines: createLineWriter(fd, write, mayBeTorn(path, stats)) };
  }
  closeSync(fd);
  throw noPlaceForLines(path);
}

/** Whether openAuditLog() would find a place for its lines, which is left as it is. Throws ConfigurationError. */
export function checkAuditDestination(path: string): void {
  if (path === '-') return;
  try {
    const found = lstatSync(path, { throwIfNoEntry: false });
    if (found?.isSymbolicLink()) throw Object.assign(new Error('a symbolic link'), { code: 'ELOOP' });
    if (found !== undefined && !takesLines(found.mode)) throw noPlaceForLines(path);
    if (found === undefined) accessSync(dirname(path), constants.W_OK | constants.X_OK);
    else accessSync(path, constants.W_OK);
  } catch (fault) {
    throw fault instanceof ConfigurationError ? fault : cannotOpen(path, fault);
  }
}

function noPlaceForLines(path: string): ConfigurationError {
  return new ConfigurationError(`audit-log: ${path} is no file, FIFO or character device`, 'Give the path of a file.');
}

/** `mode`: st_mode. A file, a FIFO or a character device; lines would destroy what is on a block device. */
export function takesLines(mode: number): boolean {
  const { S_IFMT, S_IFREG, S_IFIFO, S_IFCHR } = constants;
  return [S_IFREG, S_IFIFO, S_IFCHR].includes(mode & S_IFMT);
}

/**
 * No symbolic link is followed: whoever may write to the directory could lead root's lines into any file.
 * O_NONBLOCK: a FIFO without a reader would hold up the start, a full one the daemon.
 */
function openForAppending(path: string): number {
  const { O_WRONLY, O_APPEND, O_CREAT, O_NOFOLLOW, O_NONBLOCK, O_NOCTTY } = constants;
  try {
    return openSync(path, O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY, 0o600);
  } catch (cause) {
    throw cannotOpen(path, cause);
  }
}

function cannotOpen(path: string, cause: unknown): ConfigurationError {
  const code = (cause as NodeJS.ErrnoException).code ?? 'unknown error';
  return new ConfigurationError(`audit-log: cannot open ${path} (${code})`, CURES[code] ?? OTHER_CURE, { cause });
}

const OTHER_CURE = 'Give the path of a file that the user who starts pamhook may append to.';
const CURES: Readonly<Record<string, string>> = {
  ELOOP: 'It is a symbolic link: give the file itself, or - for standard output.',
  ENOENT: 'Make its directory first.',
  ENXIO: 'It is a FIFO that nobody reads, or a socket: start the reader first.',
};

/** A former run may have been cut off in a line. Where that cannot be read, an empty line does less harm than two lines in one. */
function mayBeTorn(path: string, { dev, ino, size }: Stats): boolean {
  if (size === 0) return false;
  let fd: number | undefined;
  try {
    fd = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    const found = fstatSync(fd);
    const last = Buffer.alloc(1);
    readSync(fd, last, 0, 1, size - 1);
    return found.dev !== dev || found.ino !== ino || last[0] !== NEWLINE;
  } catch {
    return true;
  } finally {
    if (fd !== undefined) closeSync(fd);
  }
}
