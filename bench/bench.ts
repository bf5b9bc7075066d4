/** `make bench`: measures pamhook beside what it can at best be, prints a table and what of the goals is met, and keeps the result. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import type { Case } from './cases/case.js';
import { cases, scalingCases } from './cases/cases.js';
import { keep } from './kept.js';
import { compileLoad } from './load.js';
import { describeMachine } from './machine.js';
import { forInnerRun, type Options, readOptions } from './options.js';
import { ROOT } from './paths.js';
import { casesTable, goalsTable } from './report.js';
import { type CaseResult, parseResult, type Result } from './result.js';
import { type Stage, setStage } from './stage.js';
import { isInside, isRoot, RESULT_FD, runInside } from './throw-away-root.js';

process.exitCode = isInside ? await inner() : await outer();

async function outer(): Promise<number> {
  const options = readOptions(process.env);
  mkdirSync(new URL('./load/', import.meta.url), { recursive: true });
  compileLoad();
  if (!isRoot) {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));
    return inner();
  }
  const { code, result } = await runInside(import.meta.url, options.peers.length > 0, forInnerRun(options));
  if (code !== 0 || result === '') return code || 1;
  if (!options.smoke && options.wanted.source === '(?:)')
    console.log(`\nkept as ${keep(options.kind, parseResult(result))}`);
  return 0;
}

async function inner(): Promise<number> {
  const options = readOptions(process.env);
  const result = await measureAll(options);
  console.log(casesTable(result));
  const failed = failures(result);
  if (options.kind === 'bench' && !options.smoke) console.log(`\n${goalsTable(result)}`);
  if (failed.length > 0) console.log(`\nFAILED requests in: ${failed.join(', ')}`);
  if (isInside) writeFileSync(RESULT_FD, JSON.stringify(result));
  return failed.length > 0 ? 1 : 0;
}

async function measureAll(options: Options): Promise<Result> {
  const began = performance.now();
  const stage = await setStage(options);
  const results: CaseResult[] = [];
  const all = options.kind === 'bench' ? cases : scalingCases;
  for (const each of all.filter((one) => isToBeRun(one, options))) {
    console.error(`${((performance.now() - began) / 1000).toFixed(0).padStart(4)} s  ${each.id}`);
    results.push(...(await each.run(each.further || each.brief ? briefer(stage) : stage)));
  }
  await stage.end();
  const { version } = JSON.parse(readFileSync(`${ROOT}package.json`, 'utf8'));
  return {
    format: 1,
    date: new Date().toISOString(),
    pamhook: version,
    machine: describeMachine(),
    conditions: stage.conditions,
    seconds: options.seconds,
    cases: results,
  };
}

/** No goal hangs on it, and the whole is to take no more than ten minutes. */
function briefer(stage: Stage): Stage {
  return { ...stage, options: { ...stage.options, seconds: stage.options.seconds / 2 } };
}

function isToBeRun({ id, further, forRoot }: Case, { wanted, smoke }: Options): boolean {
  return wanted.test(id) && !(smoke && further) && (isInside || !forRoot);
}

function failures({ cases }: Result): string[] {
  return cases
    .filter(({ servers }) =>
      Object.values(servers)
        .flat()
        .some(({ failed = 0 }) => failed > 0),
    )
    .map(({ id }) => id);
}
