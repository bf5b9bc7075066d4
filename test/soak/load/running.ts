/** Starts loads in processes of their own, tells them the phase, and keeps what they have counted. */
import { fork } from 'node:child_process';
import { getPriority, setPriority } from 'node:os';
import { fileURLToPath } from 'node:url';
import { isRoot } from '../../daemon/daemon-harness.js';
import type { Target } from '../client.js';
import type { Counts } from '../tally.js';
import type { LoadName, PlanOf, ResultOf } from './loads.js';
import type { FromLoad, ToLoad } from './process.js';

const ENTRY = fileURLToPath(new URL('./process.js', import.meta.url));

/** Milliseconds in which a load must end when told to: longer than any request waits for its answer. */
const PATIENCE = 150_000;

/**
 * Added to the nice value. Attackers are on other machines, of which the daemon feels what they send and not what it costs them to send it;
 * whoever measures must not wait for a processor, or would count the waiting as the daemon's.
 */
const NICE: Partial<Record<LoadName, number>> = isRoot ? { probe: -10, innocent: -10 } : {};
const NICE_OF_OTHERS = 10;

export interface RunningLoad<N extends LoadName> {
  readonly name: N;
  /** Lets it end; its result. Rejects when the process died. */
  stop(): Promise<ResultOf<N>>;
  /** So far. */
  counts(): Counts;
  /** Resolves when it has ended, by itself or told to. */
  readonly ended: Promise<ResultOf<N>>;
}

/** What all loads of one name have counted together is one row of the report. */
export interface Loads {
  start<N extends LoadName>(name: N, plan: PlanOf<N>, title?: string): RunningLoad<N>;
  setPhase(phase: string): void;
  /** By title. */
  counts(): Readonly<Record<string, readonly Counts[]>>;
  /** Wrong answers in full. */
  told(): readonly string[];
  kill(): void;
}

/** `node`: a copy of Node of the loads' own: pages that they shared with the daemon would make its part of them look smaller. */
export function createLoads(target: Target, node: string): Loads {
  const started: { title: string; latest: FromLoad; tell(message: ToLoad): void; kill(): void }[] = [];
  let phase = '';

  function start<N extends LoadName>(name: N, plan: PlanOf<N>, title: string = name): RunningLoad<N> {
    const child = fork(ENTRY, { execPath: node, execArgv: [], stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
    if (child.pid !== undefined) setPriority(child.pid, getPriority() + (NICE[name] ?? NICE_OF_OTHERS));
    const tell = (message: ToLoad) => {
      if (child.connected) child.send(message);
    };
    const entry = { title, latest: { counts: {}, told: [] } as FromLoad, tell, kill: () => child.kill('SIGKILL') };
    started.push(entry);
    child.on('message', (message: FromLoad) => {
      entry.latest = message;
    });
    const ended = new Promise<ResultOf<N>>((resolve, reject) => {
      child.once('exit', (code, signal) => {
        const { done } = entry.latest;
        if (done === undefined) reject(new Error(`the load ${title} died: ${signal ?? code}`));
        else resolve(done.result as ResultOf<N>);
      });
    });
    // Whoever waits for it hears of it; nobody need.
    ended.catch(() => {});
    tell({ kind: 'start', load: name, plan, target, phase });
    return {
      name,
      ended,
      counts: () => entry.latest.counts,
      stop() {
        tell({ kind: 'stop' });
        const overdue = setTimeout(entry.kill, PATIENCE);
        return ended.finally(() => clearTimeout(overdue));
      },
    };
  }

  return {
    start,
    setPhase(next) {
      phase = next;
      for (const { tell } of started) tell({ kind: 'phase', phase });
    },
    counts() {
      const titles = [...new Set(started.map(({ title }) => title))];
      const of = (wanted: string) => started.flatMap(({ title, latest }) => (title === wanted ? [latest.counts] : []));
      return Object.fromEntries(titles.map((title) => [title, of(title)]));
    },
    told: () => started.flatMap(({ latest }) => latest.told),
    kill() {
      for (const { kill } of started) kill();
    },
  };
}
