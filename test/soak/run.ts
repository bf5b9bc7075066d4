/** One run of the soak: what its phases share, and what they have seen. */
import { ask } from './client.js';
import type { InnocentLogin } from './load/innocent.js';
import type { Latency, ProbeResult } from './load/probe.js';
import { createLoads, type Loads } from './load/running.js';
import { type Look, type Watch, watchProcesses } from './process-watch.js';
import type { Stage } from './scene.js';

/** An act of violence, and how long it took until the daemon served as before. */
export interface Recovery {
  readonly act: string;
  readonly seconds: number;
  /** Seconds. */
  readonly limit: number;
}

export interface Run extends Stage {
  /** How long it is to take, about. */
  readonly seconds: number;
  readonly loads: Loads;
  readonly watch: Watch;
  /** At rest, by name. */
  readonly looks: Record<string, Look>;
  readonly innocentLogins: InnocentLogin[];
  readonly latencies: Record<'heartbeat' | 'review' | 'sent late', Record<string, Latency>>;
  /** Longest time without an answered heartbeat by phase, milliseconds. */
  readonly silence: Record<string, number>;
  readonly recoveries: Recovery[];
  setPhase(phase: string): void;
}

export function createRun(stage: Stage, seconds: number, say: (line: string) => void): Run {
  const loads = createLoads(stage.target, stage.node);
  const watch = watchProcesses(stage.daemon.pid);
  const began = performance.now();
  return {
    ...stage,
    seconds,
    loads,
    watch,
    looks: {},
    innocentLogins: [],
    latencies: { heartbeat: {}, review: {}, 'sent late': {} },
    silence: {},
    recoveries: [],
    setPhase(phase) {
      loads.setPhase(phase);
      watch.setPhase(phase);
      say(`${((performance.now() - began) / 1000).toFixed(0).padStart(4)} s  ${phase}`);
    },
  };
}

/** Tokens of everybody, fresh. */
export async function freshTokens({ people, target }: Run): Promise<{ user: string; token: string }[]> {
  const tokens: { user: string; token: string }[] = [];
  for (const { user, password } of people) {
    const answer = await ask(target, '/token', { source: '127.0.0.5', credentials: `${user}:${password}` });
    if (typeof answer === 'string' || answer.status !== 200) throw new Error(`no token for ${user}: ${answer}`);
    tokens.push({ user, token: answer.body.trim() });
  }
  return tokens;
}

/** While `during` runs, heartbeats and reviews are timed, and the innocent logs in. */
export async function measured(run: Run, during: () => Promise<void>): Promise<void> {
  const tokens = await freshTokens(run);
  const probe = run.loads.start('probe', { heartbeats: 50, reviews: 100, tokens });
  const innocent = run.loads.start('innocent', { person: run.innocent });
  await during();
  run.innocentLogins.push(...(await innocent.stop()));
  take(run, await probe.stop());
}

function take(run: Run, { heartbeat, review, silence, late }: ProbeResult): void {
  Object.assign(run.latencies.heartbeat, heartbeat);
  Object.assign(run.latencies.review, review);
  Object.assign(run.latencies['sent late'], late);
  Object.assign(run.silence, silence);
}

export function wait(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
