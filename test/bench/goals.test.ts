import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { judge } from '#bench/goals.js';
import { goalsTable } from '#bench/report.js';
import type { Result } from '#bench/result.js';
import { resultOf } from './results.js';

const MIB = 1024 * 1024;

function verdictOn(figure: string, result: Result) {
  const verdict = judge(result).find((each) => each.figure.startsWith(figure));
  assert.ok(verdict, figure);
  return verdict;
}

describe('judge()', () => {
  it('takes the median of the ratios of rounds, not the ratio of medians', () => {
    const result = resultOf({
      'one-token-8': {
        pamhook: [{ cpu: 11 }, { cpu: 30 }, { cpu: 100 }],
        floor: [{ cpu: 10 }, { cpu: 30 }, { cpu: 50 }],
      },
    });
    const { value, met } = verdictOn('CPU per review', result);
    assert.deepEqual(value, { median: 1.1, low: 1, high: 2 });
    assert.equal(met, true);
  });

  it('holds a goal met at its limit, and not beyond it', () => {
    const with300 = (cpu: number) => resultOf({ 'groups-300': { pamhook: [{ cpu }], floor: [{ cpu: 10 }] } });
    assert.equal(verdictOn('CPU, user in 300', with300(15)).met, true);
    assert.equal(verdictOn('CPU, user in 300', with300(15.1)).met, false);
    const logins = (rate: number) => resultOf({ 'logins-16': { pamhook: [{ rate }], libpam: [{ rate: 100 }] } });
    assert.equal(verdictOn('logins a second, 16', logins(90)).met, true);
    assert.equal(verdictOn('logins a second, 16', logins(89.9)).met, false);
  });

  it('says nothing of what was not measured', () => {
    for (const { value, met } of judge(resultOf({}))) assert.deepEqual([value, met], [undefined, undefined]);
  });

  it('takes from a login what plain PAM and a connection cost', () => {
    const result = resultOf({
      'brief-logins': { pamhook: [{ cpu: 27_000 }], libpam: [{ cpu: 25_000 }] },
      'handshakes-ec': { pamhook: [{ cpu: 900 }], floor: [{ cpu: 500 }] },
    });
    assert.deepEqual(verdictOn('CPU of a login', result).value, { median: 1.5, low: 1.5, high: 1.5 });
  });

  it('counts memory in MiB, and for forged tokens what they added', () => {
    const memory = (...each: number[]) => ({ pamhook: each.map((mebibytes) => ({ memory: mebibytes * MIB })) });
    const result = resultOf({
      'memory-at-rest': memory(131),
      'memory-after': memory(250),
      'memory-forged': memory(100, 133),
    });
    assert.equal(verdictOn('memory (PSS) at rest', result).met, false);
    assert.equal(verdictOn('memory (PSS) after', result).met, true);
    assert.deepEqual(verdictOn('memory that forged', result).value, { median: 33, low: 33, high: 33 });
  });
});

describe('the last lines', () => {
  it('name every goal with what was seen and whether it is met', () => {
    const lines = goalsTable(
      resultOf({ start: { pamhook: [{ duration: 400 }, { duration: 700 }, { duration: 600 }] } }),
    ).split('\n');
    assert.equal(lines.length, 2 + judge(resultOf({})).length);
    const start = lines.find((line) => line.includes('start to first')) ?? '';
    assert.match(start, /at most 500 ms +\| 600 \(400–700\) +\| NOT MET +\|$/);
    assert.match(lines[2] ?? '', /not measured/);
  });
});
