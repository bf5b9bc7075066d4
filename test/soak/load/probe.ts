/** Heartbeats and reviews at a fixed rate, whatever becomes of them: how long each takes is counted from when it was planned to be sent. */
import { setMaxListeners } from 'node:events';
import { Agent } from 'node:https';
import { ask, kindOf, reviewOf, saysYes, type Target } from '../client.js';
import type { Tally } from '../tally.js';
import { type Load, pause } from './load.js';

export interface ProbePlan {
  /** A second. */
  readonly heartbeats: number;
  readonly reviews: number;
  readonly tokens: readonly { readonly user: string; readonly token: string }[];
}

/** Milliseconds. */
export interface Latency {
  readonly count: number;
  readonly p50: number;
  readonly p99: number;
  readonly longest: number;
}

export interface ProbeResult {
  /** By phase. */
  readonly heartbeat: Readonly<Record<string, Latency>>;
  readonly review: Readonly<Record<string, Latency>>;
  /** Longest time without an answered heartbeat, by the phase in which it ended, milliseconds. */
  readonly silence: Readonly<Record<string, number>>;
  /** How late requests were sent by the probe itself, which the machine may keep waiting: part of the times above, and no fault of the daemon. */
  readonly late: Readonly<Record<string, Latency>>;
}

/** Milliseconds after the end in which answers still count. */
const PATIENCE = 20_000;

/** Connections of each kind, as kube-apiservers have them: a slow daemon is not stormed with handshakes too. */
const SOCKETS = 32;

export const probe: Load<ProbePlan, ProbeResult> = async (plan, { target, tally, phase, stop }) => {
  const heartbeat: Record<string, number[]> = {};
  const review: Record<string, number[]> = {};
  const silence: Record<string, number> = {};
  const late: Record<string, number[]> = {};
  let heard = performance.now();
  const giveUp = new AbortController();
  setMaxListeners(0, giveUp.signal);
  stop.addEventListener('abort', () => setTimeout(() => giveUp.abort(), PATIENCE).unref());
  const beat = heartbeats(target, tally, giveUp.signal);
  const reviewed = reviews(target, tally, plan.tokens, giveUp.signal);
  await Promise.all([
    atRate(plan.heartbeats, stop, async (planned) => {
      const label = phase();
      note(late, label, performance.now() - planned);
      if (!(await beat(label))) return;
      const now = performance.now();
      note(heartbeat, label, now - planned);
      silence[label] = Math.max(silence[label] ?? 0, now - heard);
      heard = now;
    }),
    atRate(plan.reviews, stop, async (planned, index) => {
      const label = phase();
      if (await reviewed(label, index)) note(review, label, performance.now() - planned);
    }),
  ]);
  return { heartbeat: latencies(heartbeat), review: latencies(review), silence, late: latencies(late) };
};

function heartbeats(target: Target, tally: Tally, signal: AbortSignal): (phase: string) => Promise<boolean> {
  const agent = new Agent({ keepAlive: true, maxSockets: SOCKETS });
  return async (phase) => {
    const answer = await ask(target, '/heartbeat', { agent, signal, source: '127.0.0.3' });
    const kind = kindOf(answer, ({ status, body }) => status === 200 && body === 'ok');
    tally.add(phase, kind, `heartbeat: ${JSON.stringify(answer)}`);
    return kind === 'expected';
  };
}

function reviews(target: Target, tally: Tally, tokens: ProbePlan['tokens'], signal: AbortSignal) {
  const agent = new Agent({ keepAlive: true, maxSockets: SOCKETS });
  const asked = tokens.map(({ user, token }) => ({ user, body: reviewOf(token) }));
  return async (phase: string, index: number): Promise<boolean> => {
    const { user, body } = asked[index % asked.length] ?? { user: '', body: '' };
    const answer = await ask(target, '/authenticate', { agent, body, signal, source: '127.0.0.4' });
    const kind = kindOf(answer, (reviewed) => saysYes(reviewed, user));
    tally.add(phase, kind, `review of a good token: ${JSON.stringify(answer)}`);
    return kind === 'expected';
  };
}

/** Resolves when the last that was begun has ended. */
async function atRate(rate: number, stop: AbortSignal, begin: (planned: number, index: number) => Promise<void>) {
  const running = new Set<Promise<void>>();
  const first = performance.now();
  for (let index = 0; !stop.aborted; ) {
    const now = performance.now();
    for (; first + (index * 1000) / rate <= now; index += 1) {
      const each: Promise<void> = begin(first + (index * 1000) / rate, index).finally(() => running.delete(each));
      running.add(each);
    }
    await pause(Math.max(1, first + (index * 1000) / rate - performance.now()), stop);
  }
  await Promise.all(running);
}

function note(values: Record<string, number[]>, label: string, value: number): void {
  const those = values[label] ?? [];
  values[label] = those;
  those.push(value);
}

function latencies(values: Readonly<Record<string, number[]>>): Record<string, Latency> {
  return Object.fromEntries(Object.entries(values).map(([label, each]) => [label, latencyOf(each)]));
}

function latencyOf(values: number[]): Latency {
  const sorted = values.sort((left, right) => left - right);
  const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
  return { count: sorted.length, p50: at(0.5), p99: at(0.99), longest: at(1) };
}
