/** Processor time and memory of all processes of a server, as proc(5) tells them. */
import { readdirSync, readFileSync } from 'node:fs';

/** USER_HZ: a fixed part of the kernel's interface. */
const TICKS_PER_SECOND = 100;

/** Where the processes are seen: that of a peer is none of the throw-away root's. */
export type Proc = string;
export const OWN_PROC: Proc = '/proc';

/** utime, stime, cutime and cstime together, of the text of /proc/PID/stat; ticks. The name in it may hold anything, brackets and spaces too. */
export function ticksOf(stat: string): number {
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return fields.slice(11, 15).reduce((sum, field) => sum + Number(field), 0);
}

/** A field of smaps_rollup in bytes; undefined where it is not. */
export function bytesOf(rollup: string, field: string): number | undefined {
  const kibibytes = new RegExp(`^${field}:\\s+(\\d+) kB$`, 'm').exec(rollup)?.[1];
  return kibibytes === undefined ? undefined : Number(kibibytes) * 1024;
}

/** Pids, as /proc/PID/task/TID/children has them. */
export function pidsIn(children: string): number[] {
  return children.split(' ').filter(Boolean).map(Number);
}

/** The process and all below it. */
export function treeOf(pid: number, proc: Proc = OWN_PROC): number[] {
  // A child belongs to the thread that made it.
  const children = threadsOf(pid, proc).flatMap((thread) => pidsIn(read(`${proc}/${pid}/task/${thread}/children`)));
  return [pid, ...children.flatMap((child) => treeOf(child, proc))];
}

/**
 * Seconds of processor time, ever, of the process and all below it. A child that ended meanwhile is in what its parent has reaped; where
 * the kernel reaps for it (SIGCHLD ignored), it is lost.
 */
export function processorSeconds(pid: number, proc: Proc = OWN_PROC): number {
  const ticks = treeOf(pid, proc).map((each) => read(`${proc}/${each}/stat`));
  return ticks.filter((text) => text !== '').reduce((sum, text) => sum + ticksOf(text), 0) / TICKS_PER_SECOND;
}

/** Bytes: the proportional shares of all its processes. NaN where they are closed to us. */
export function memoryOf(pid: number, proc: Proc = OWN_PROC): number {
  const shares = treeOf(pid, proc).map((each) => bytesOf(read(`${proc}/${each}/smaps_rollup`), 'Pss'));
  return shares.reduce<number>((sum, share) => sum + (share ?? 0), shares[0] === undefined ? Number.NaN : 0);
}

function threadsOf(pid: number, proc: Proc): string[] {
  try {
    return readdirSync(`${proc}/${pid}/task`);
  } catch {
    return [];
  }
}

/** Empty when the process is gone, or closed to us. */
function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
