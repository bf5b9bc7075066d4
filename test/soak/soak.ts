/** `make soak`: one daemon under all kinds of load, attack and failure for SOAK_SECONDS; prints what it saw, exit code 1 when a promise was broken. */
import { childrenOf } from '../daemon/daemon-harness.js';
import { enterThrowAwayRoot } from '../harness/throw-away-root.js';
import { goThroughPhases, SHORTEST_SECONDS, STANDARD_SECONDS } from './phases.js';
import { promises } from './promises.js';
import { report } from './report.js';
import { createRun, type Run } from './run.js';
import { setStage } from './scene.js';

/** Seconds it may take beyond what was asked for, on a machine that has more to do. */
const GRACE = 600;

enterThrowAwayRoot(import.meta.url);
process.exitCode = await main(Number(process.env['SOAK_SECONDS'] ?? STANDARD_SECONDS));

async function main(seconds: number): Promise<number> {
  if (!(seconds >= SHORTEST_SECONDS)) {
    console.error(`SOAK_SECONDS must be a number of seconds, ${SHORTEST_SECONDS} at least`);
    return 2;
  }
  const endings: (() => unknown)[] = [];
  const clean = async () => {
    for (const end of endings.splice(0).reverse()) await end();
  };
  const stopped = stopRequest(seconds + GRACE);
  try {
    const soaking = soak({ after: (end) => endings.push(end) }, seconds);
    return await Promise.race([soaking, stopped]);
  } catch (fault) {
    console.error(fault);
    return 1;
  } finally {
    await clean();
  }
}

/** Rejects at Ctrl-C, SIGTERM, or when it has taken too long. */
function stopRequest(seconds: number): Promise<never> {
  return new Promise((_, reject) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const)
      process.once(signal, () => reject(new Error(`ended by ${signal}`)));
    setTimeout(() => reject(new Error(`not done after ${seconds} s`)), seconds * 1000).unref();
  });
}

async function soak(t: { after(end: () => unknown): void }, seconds: number): Promise<number> {
  const run = createRun(await setStage(t), seconds, (line) => console.error(line));
  t.after(run.loads.kill);
  t.after(run.watch.stop);
  await goThroughPhases(run);
  const promised = promises(run, await end(run));
  console.log(report(run, promised));
  return promised.every(({ met, firm }) => met || !firm) ? 0 : 1;
}

async function end({ daemon, watch }: Run) {
  const children = childrenOf(daemon.pid);
  watch.stop();
  const { code } = await daemon.stop();
  return { code, children };
}
