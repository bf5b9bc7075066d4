/** What the daemon promises, each beside what the run has seen. */
import { auditLines, isAlive } from '../daemon/daemon-harness.js';
import { KILLED } from './failures.js';
import type { Latency } from './load/probe.js';
import { wanted } from './phases.js';
import type { Look } from './process-watch.js';
import type { Run } from './run.js';
import { type Counts, kinds, sum } from './tally.js';

export interface Promised {
  readonly promise: string;
  readonly seen: string;
  readonly met: boolean;
  /** False: what else the machine does can break it; reported, and no failure of the run. */
  readonly firm: boolean;
}

export interface Ending {
  readonly code: number | null;
  /** Pids below the supervisor before it was told to stop. */
  readonly children: readonly number[];
}

const MEBI = 1024;
/** KiB of all processes together; more than the 400 MiB of one wave (test/load), since here wave follows wave, with slow clients and garbage besides. */
const MEMORY = 640 * MEBI;
/** By how much a second identical wave may be larger. */
const GROWTH = 1.1;
/** KiB by which the garbage of two looks may differ. */
const NOISE = 8 * MEBI;
const RATIO = 2;
/** Milliseconds beyond the PAM transaction. */
const INNOCENT = 1_000;

export function promises(run: Run, ending: Ending): readonly Promised[] {
  return [
    noWrongAnswers(run),
    ...served(run),
    ...ratios(run),
    ...innocent(run),
    ...run.recoveries.map(({ act, seconds, limit }) => ({
      promise: `after ${act}: all is served again within ${limit} s`,
      seen: `${seconds.toFixed(1)} s`,
      met: seconds <= limit,
      firm: true,
    })),
    cutOff(run),
    ...deaths(run),
    ...memory(run),
    ...descriptors(run),
    zombies(run),
    ...counts(run),
    ended(ending),
  ];
}

function noWrongAnswers({ loads }: Run): Promised {
  const wrong = Object.values(loads.counts()).flatMap((all) => all.map((each) => sum(each).wrong));
  const total = wrong.reduce((one, other) => one + other, 0);
  return { promise: 'no answer is ever wrong', seen: `${total} wrong`, met: total === 0, firm: true };
}

/** Outside of the phase in which processes are killed, nothing that ought to be answered fails. */
function served({ loads }: Run): Promised[] {
  return ['probe', 'innocent', 'logins', 'reviews'].map((name) => {
    const failed = (loads.counts()[name] ?? []).flatMap(failuresOf);
    const seen = failed.length === 0 ? 'none' : failed.join(', ');
    return { promise: `${name}: none fails while no process is killed`, seen, met: failed.length === 0, firm: true };
  });
}

function failuresOf(counts: Counts): string[] {
  return Object.entries(counts).flatMap(([phase, each]) =>
    phase === 'failures'
      ? []
      : kinds.flatMap((kind) => (kind !== 'expected' && each[kind] ? [`${each[kind]} ${kind} (${phase})`] : [])),
  );
}

function ratios({ latencies }: Run): Promised[] {
  return (['heartbeat', 'review'] as const).flatMap((what) =>
    (['p50', 'p99'] as const).map((quantile) => {
      const ratio = ratioOf(latencies[what]['calm'], latencies[what]['attack'], quantile);
      const promise = `${what}: ${quantile} under attack at most twice as long as in calm`;
      return { promise, seen: ratio.toFixed(2), met: ratio <= RATIO, firm: false };
    }),
  );
}

export function ratioOf(calm: Latency | undefined, attack: Latency | undefined, quantile: 'p50' | 'p99'): number {
  return (attack?.[quantile] ?? Number.POSITIVE_INFINITY) / (calm?.[quantile] ?? Number.NaN);
}

/** The audit log says how long PAM took for the very login. */
function innocent(run: Run): Promised[] {
  return ['attack', '1,000 waiting'].map((name) => {
    const beyond = beyondPam(run).filter(({ phase }) => phase === name);
    const worst = Math.max(...beyond.map(({ milliseconds }) => milliseconds));
    return {
      promise: `${name}: the innocent's login takes at most its PAM time and 1 s`,
      seen: `at most ${Math.round(worst)} ms beyond PAM, ${beyond.length} logins`,
      met: beyond.length > 0 && worst <= INNOCENT,
      firm: true,
    };
  });
}

export interface Beyond {
  readonly phase: string;
  readonly took: number;
  readonly milliseconds: number;
}

export function beyondPam({ scene, innocentLogins }: Run): Beyond[] {
  const inPam = new Map(auditLines(scene).map((line) => [line['requestId'], Number(line['elapsedMs'])]));
  return innocentLogins.map(({ phase, took, requestId }) => ({
    phase,
    took,
    milliseconds: took - (inPam.get(requestId) ?? 0),
  }));
}

function cutOff({ loads }: Run): Promised {
  const late = (loads.counts()['slow clients'] ?? []).concat(loads.counts()['garbage'] ?? []);
  const count = late.reduce((all, each) => all + sum(each)['timed out'], 0);
  return {
    promise: 'slow clients and garbage are cut off in bounded time',
    seen: `${count} too late`,
    met: count === 0,
    firm: true,
  };
}

/** Only what the soak has killed; a stopped worker with a login in its hands is ended by pam-timeout, and not counted by the daemon. */
function deaths({ daemon }: Run): Promised[] {
  const log = daemon.stderr();
  return Object.entries(KILLED).map(([name, killed]) => {
    const died = log.split(name === 'front' ? '"the front died"' : '"a PAM worker died"').length - 1;
    return {
      promise: `no ${name} dies by itself`,
      seen: `${died} died, ${killed} killed`,
      met: died <= killed,
      firm: true,
    };
  });
}

function memory(run: Run): Promised[] {
  const peakOf = (phase: string) => run.watch.peaks[phase]?.total ?? Number.POSITIVE_INFINITY;
  const [first, second] = [peakOf('misery 1'), peakOf('misery 2')];
  const peak = Math.max(...Object.values(run.watch.peaks).map(({ total }) => total));
  return [
    {
      promise: `all processes together stay under ${mebibytes(MEMORY)}`,
      seen: mebibytes(peak),
      met: peak < MEMORY,
      firm: true,
    },
    {
      promise: 'a second identical wave adds at most 10 %',
      seen: `${mebibytes(first)}, then ${mebibytes(second)}`,
      met: second <= first * GROWTH,
      firm: true,
    },
    ...['supervisor', 'front', 'worker'].map((role) => flat(run, role)),
  ];
}

/** Half of all logins and reviews lie between the two looks, and the same processes. */
function flat({ looks }: Run, role: string): Promised {
  const [before, after] = [largest(looks['after bulk 1'], role), largest(looks['after bulk 2'], role)];
  return {
    promise: `${role}: memory at rest stays flat over half of the logins and reviews`,
    seen: `${mebibytes(before)}, then ${mebibytes(after)}`,
    met: after <= before * GROWTH + NOISE,
    firm: true,
  };
}

/** KiB of the largest process of the role. */
export function largest(look: Look | undefined, role: string): number {
  return Math.max(0, ...(look?.processes ?? []).filter((each) => each.role === role).map((each) => each.memory));
}

function descriptors({ looks }: Run): Promised[] {
  return ['supervisor', 'front', 'worker'].map((role) => {
    const [start, end] = [openIn(looks['start'], role), openIn(looks['after bulk 2'], role)];
    const known = start !== undefined && end !== undefined;
    return {
      promise: `${role}: as many open descriptors at the end as at the start`,
      seen: known ? `${start}, then ${end}` : 'only root can see them',
      met: !known || end <= start,
      firm: true,
    };
  });
}

/** Most of any process of the role; the supervisor's without its channels to the others, whose number changes. */
export function openIn(look: Look | undefined, role: string): number | undefined {
  const held = (look?.processes ?? []).filter((each) => each.role === role).map((each) => each.descriptors);
  if (held.length === 0 || held.includes(undefined)) return undefined;
  const most = Math.max(...held.map(Number));
  return role === 'supervisor' ? most - ((look?.processes.length ?? 0) - 1) : most;
}

function zombies({ looks }: Run): Promised {
  const count = Math.max(...Object.values(looks).map((look) => look.zombies));
  return { promise: 'no zombie is left', seen: `${count}`, met: count === 0, firm: true };
}

function counts({ loads, seconds }: Run): Promised[] {
  return Object.entries(wanted(seconds)).map(([name, count]) => {
    const done = (loads.counts()[name] ?? []).reduce((all, each) => all + sum(each).expected, 0);
    return {
      promise: `${name}: ${count.toLocaleString('en')} are answered`,
      seen: done.toLocaleString('en'),
      met: done >= count,
      firm: false,
    };
  });
}

function ended({ code, children }: Ending): Promised {
  const left = children.filter(isAlive).length;
  return {
    promise: 'SIGTERM ends it with exit code 0, and no process is left',
    seen: `${code}, ${left} left`,
    met: code === 0 && left === 0,
    firm: true,
  };
}

export function mebibytes(kibibytes: number): string {
  return `${(kibibytes / MEBI).toFixed(0)} MiB`;
}
