/** fast-check as the tests use it: the same inputs in every run, so that a failure is a change's; `make fuzz` asks for others, and for more. */
import fastCheck, { type IRawProperty, type Parameters, type RunDetails } from 'fast-check';

const SEED = 1;
const { FUZZ_RUNS, FUZZ_SEED, FUZZ_SECONDS = '20' } = process.env;

let inputs = 0;
if (FUZZ_RUNS !== undefined) process.once('exit', () => console.log(`${inputs} inputs for properties`));

/** A seed in the environment is one that a failure showed. */
function parametersOf<T>(given: Parameters<T>): Parameters<T> {
  const seed = FUZZ_SEED === undefined ? {} : { seed: Number(FUZZ_SEED) };
  if (FUZZ_RUNS === undefined) return { seed: SEED, ...given, ...seed };
  const limits = { interruptAfterTimeLimit: Number(FUZZ_SECONDS) * 1000, markInterruptAsFailure: false };
  return { ...given, numRuns: Number(FUZZ_RUNS), ...limits, ...seed };
}

/** The message has the seed and the smallest input found that fails. */
function report<T>(details: RunDetails<T>): void {
  inputs += details.numRuns;
  if (details.failed) throw new Error(fastCheck.defaultReportMessage(details), { cause: details.errorInstance });
}

function check<T>(property: IRawProperty<T>, parameters: Parameters<T> = {}): void | Promise<void> {
  const checked = fastCheck.check(property, parametersOf(parameters));
  return checked instanceof Promise ? checked.then(report) : report(checked);
}

/** All of fast-check, with an `assert` that keeps to this. */
export const fc: typeof fastCheck = { ...fastCheck, assert: check as typeof fastCheck.assert };
