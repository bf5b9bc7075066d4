/** What the daemon's processes hold: memory, descriptors, zombies; looked at from outside, as an operator would. */
import { readdirSync, readFileSync } from 'node:fs';
import { childrenOf, titleOf } from '../daemon/daemon-harness.js';

export interface Held {
  readonly pid: number;
  /** `supervisor`, `front`, `worker`, or what a PAM module runs. */
  readonly role: string;
  /** KiB: its proportional share (PSS); what is resident where only root may see that. */
  readonly memory: number;
  /** Unknown where only root may see them. */
  readonly descriptors: number | undefined;
}

export interface Look {
  readonly processes: readonly Held[];
  readonly zombies: number;
}

export interface Watch {
  /** KiB at most, by phase: of all processes together, and by role of the largest. */
  readonly peaks: Readonly<Record<string, { total: number; roles: Record<string, number> }>>;
  setPhase(phase: string): void;
  /** Now, with descriptors. */
  look(): Look;
  stop(): void;
}

const INTERVAL = 1_000;

/** Looks each second at the supervisor and what is below it. */
export function watchProcesses(supervisor: number): Watch {
  const peaks: Record<string, { total: number; roles: Record<string, number> }> = {};
  let phase = '';

  function note(): void {
    const { processes } = lookAt(supervisor);
    const peak = peaks[phase] ?? { total: 0, roles: {} };
    peaks[phase] = peak;
    peak.total = Math.max(peak.total, totalOf(processes));
    for (const { role, memory } of processes) peak.roles[role] = Math.max(peak.roles[role] ?? 0, memory);
  }

  const timer = setInterval(note, INTERVAL);
  return {
    peaks,
    setPhase(next) {
      phase = next;
    },
    look: () => lookAt(supervisor),
    stop: () => clearInterval(timer),
  };
}

export function totalOf(processes: readonly Held[]): number {
  return processes.reduce((sum, { memory }) => sum + memory, 0);
}

/** Now, with descriptors. */
export function lookAt(supervisor: number): Look {
  const pids = [supervisor, ...descendantsOf(supervisor)];
  const zombies = pids.filter((pid) => /^State:\s+Z/m.test(statusOf(pid))).length;
  return { zombies, processes: pids.flatMap(heldBy) };
}

function heldBy(pid: number): Held[] {
  const memory = memoryOf(pid);
  // Gone meanwhile, or a zombie.
  if (memory === undefined) return [];
  const title = titleOf(pid).replace(/^pamhook: /, '');
  return [{ pid, role: title === 'pamhook' ? 'supervisor' : title, memory, descriptors: descriptorsOf(pid) }];
}

function memoryOf(pid: number): number | undefined {
  const text = read(`/proc/${pid}/smaps_rollup`) || statusOf(pid);
  const [, kibibytes] = /^(?:Pss|VmRSS):\s+(\d+)/m.exec(text) ?? [];
  return kibibytes === undefined ? undefined : Number(kibibytes);
}

function descriptorsOf(pid: number): number | undefined {
  try {
    return readdirSync(`/proc/${pid}/fd`).length;
  } catch {
    return undefined;
  }
}

function descendantsOf(pid: number): number[] {
  try {
    return childrenOf(pid).flatMap((child) => [child, ...descendantsOf(child)]);
  } catch {
    return [];
  }
}

function statusOf(pid: number): string {
  return read(`/proc/${pid}/status`);
}

/** Empty when the process is gone, or closed to us. */
function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
