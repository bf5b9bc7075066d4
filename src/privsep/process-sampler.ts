/** Memory, CPU time and descriptors of the daemon's processes, as /proc tells them, summed by what they are; runs in the supervisor. */
import { readdir, readFile, stat } from 'node:fs/promises';

/** What is undefined could not be read, of one process at least: another's descriptors and PSS are for those who may trace it. */
export interface ProcessSample {
  readonly processes: number;
  /** Bytes. */
  readonly resident: number | undefined;
  readonly proportional: number | undefined;
  readonly descriptors: number | undefined;
  /** Seconds since the last sample. */
  readonly cpu: number;
}

/** USER_HZ: a fixed part of the kernel's interface, proc(5). */
const TICKS_PER_SECOND = 100;

export type SampleProcesses<N extends string> = (
  pids: ReadonlyMap<number, N>,
) => Promise<ReadonlyMap<N, ProcessSample>>;

/** Never rejects. Of a process that is gone meanwhile, or that /proc hides from the supervisor, nothing can be read. */
export function createProcessSampler<N extends string>(): SampleProcesses<N> {
  let known: ReadonlyMap<number, Usage> = new Map();
  return async (pids) => {
    const read = await Promise.all(
      [...pids].map(async ([pid, name]) => ({ pid, name, usage: await usageOf(pid).catch(() => undefined) })),
    );
    const before = known;
    known = new Map(read.flatMap(({ pid, usage }) => (usage === undefined ? [] : [[pid, usage] as const])));
    return new Map(
      [...new Set(pids.values())].map((name) => {
        const own = read.filter((each) => each.name === name);
        return [name, summed(own.map(({ pid, usage }) => ({ usage, cpu: cpuSince(before.get(pid), usage) })))];
      }),
    );
  };
}

interface Usage {
  /** When it was started: with the pid it tells a process from a later one. */
  readonly started: string;
  readonly cpu: number;
  readonly resident: number | undefined;
  readonly proportional: number | undefined;
  readonly descriptors: number | undefined;
}

function cpuSince(before: Usage | undefined, usage: Usage | undefined): number {
  if (usage === undefined) return 0;
  const { started, cpu } = usage;
  return before?.started === started ? Math.max(0, cpu - before.cpu) : cpu;
}

function summed(own: readonly { readonly usage: Usage | undefined; readonly cpu: number }[]): ProcessSample {
  const sum = (what: 'resident' | 'proportional' | 'descriptors') =>
    own.reduce<number | undefined>(
      (total, { usage }) => (total === undefined || usage?.[what] === undefined ? undefined : total + usage[what]),
      0,
    );
  return {
    processes: own.length,
    resident: sum('resident'),
    proportional: sum('proportional'),
    descriptors: sum('descriptors'),
    cpu: own.reduce((total, { cpu }) => total + cpu, 0),
  };
}

async function usageOf(pid: number): Promise<Usage> {
  const fields = await statFields(pid);
  return {
    started: fields[19] ?? '',
    cpu: (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND,
    resident: await kilobytes(`/proc/${pid}/status`, 'VmRSS'),
    proportional: await kilobytes(`/proc/${pid}/smaps_rollup`, 'Pss'),
    descriptors: await descriptorsOf(pid).catch(() => undefined),
  };
}

/** From the state on, which is field 3 in proc(5): the name before it may hold anything. */
async function statFields(pid: number): Promise<string[]> {
  const text = await readFile(`/proc/${pid}/stat`, 'utf8');
  return text.slice(text.lastIndexOf(')') + 2).split(' ');
}

async function kilobytes(file: string, name: string): Promise<number | undefined> {
  const text = await readFile(file, 'utf8').catch(() => '');
  const found = new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(text)?.[1];
  return found === undefined ? undefined : Number(found) * 1024;
}

/** Since Linux 6.2 the directory's size is their number, for everybody to see. */
async function descriptorsOf(pid: number): Promise<number> {
  const directory = `/proc/${pid}/fd`;
  const { size } = await stat(directory);
  return size > 0 ? size : (await readdir(directory)).length;
}
