/** The process of one load: takes its plan from the soak, tells what it has counted each second, ends when told to or when the soak is gone. */
import { setMaxListeners } from 'node:events';
import type { Target } from '../client.js';
import { type Counts, Tally } from '../tally.js';
import type { Load, LoadContext } from './load.js';
import { type LoadName, loads } from './loads.js';

export type ToLoad =
  | {
      readonly kind: 'start';
      readonly load: LoadName;
      readonly plan: unknown;
      readonly target: Target;
      readonly phase: string;
    }
  | { readonly kind: 'phase'; readonly phase: string }
  | { readonly kind: 'stop' };

export interface FromLoad {
  readonly counts: Counts;
  readonly told: readonly string[];
  /** With the last message. */
  readonly done?: { readonly result: unknown };
}

const REPORT_INTERVAL = 1_000;

const tally = new Tally();
const stopping = new AbortController();
// Thousands of requests may listen to it.
setMaxListeners(0, stopping.signal);
let phase = '';

function report(done?: FromLoad['done']): void {
  process.send?.({ counts: tally.counts, told: tally.told, ...(done && { done }) } satisfies FromLoad);
}

async function run(load: LoadName, plan: unknown, target: Target): Promise<void> {
  const reporting = setInterval(report, REPORT_INTERVAL);
  const context: LoadContext = { target, tally, phase: () => phase, stop: stopping.signal };
  const result = await (loads[load] as Load<unknown, unknown>)(plan, context);
  clearInterval(reporting);
  report({ result });
  process.disconnect();
}

process.on('disconnect', () => process.exit());
process.on('message', (message: ToLoad) => {
  if (message.kind === 'stop') stopping.abort();
  else phase = message.phase;
  if (message.kind === 'start') void run(message.load, message.plan, message.target);
});
// Ctrl-C at a terminal reaches the whole group: the soak says when to end.
process.on('SIGINT', () => {});
