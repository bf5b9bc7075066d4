/** Results of a bench that nobody ran. */
import type { CaseResult, Figures, Result } from '#bench/result.js';

export function resultOf(cases: Readonly<Record<string, Readonly<Record<string, readonly Figures[]>>>>): Result {
  return {
    format: 1,
    date: '2026-11-28T12:00:00.000Z',
    pamhook: '0.1.0',
    machine: { processor: 'A <processor>', cores: 2, memory: 2 ** 30, kernel: '6.1', node: 'v20.0.0', openssl: '3.0' },
    conditions: [],
    seconds: 2,
    cases: Object.entries(cases).map(([id, servers]): CaseResult => ({ id, title: `title of ${id}`, servers })),
  };
}
