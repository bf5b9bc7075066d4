/** What is to be reached, as a table, and whether a result reaches it. */
import { type FigureName, type Result, roundsOf } from './result.js';
import { median, ratios, type Spread, spreadOf } from './statistics.js';

export interface Goal {
  readonly figure: string;
  readonly bound: 'at most' | 'at least';
  readonly limit: number;
  readonly unit: string;
  /** Undefined: not measured. */
  seen(result: Result): Spread | undefined;
}

export interface Verdict extends Goal {
  readonly value: Spread | undefined;
  readonly met: boolean | undefined;
}

const MIB = 1024 * 1024;
const LOGIN_CPU = 'CPU of a login beyond its hash and TLS';

export const goals: readonly Goal[] = [
  most('CPU per review, one group, concurrency 8', 1.15, 'x floor', toFloor('one-token-8', 'cpu')),
  most('CPU, user in 300 groups', 1.5, 'x a floor that answers the same bytes', toFloor('groups-300', 'cpu')),
  most('CPU, 10,000 tokens and users round robin', 1.5, 'x floor', toFloor('many-tokens', 'cpu')),
  most('CPU, forged tokens, HS256', 2, 'x floor', toFloor('forged-hs256', 'cpu')),
  most('CPU, forged tokens, ES256', 5, 'x floor', toFloor('forged-es256', 'cpu')),
  most('memory that forged tokens take', 32, 'MiB', growth('memory-forged')),
  most('p99 at concurrency 32, fixed rate', 1.5, 'x floor', toFloor('latency-32', 'p99')),
  most('p99 of reviews during 64 wrong passwords', 2, 'x calm', between('wrong-passwords', 'pamhook', 'calm', 'p99')),
  least('logins a second, 16 clients, yescrypt', 0.9, 'x libpam', between('logins-16', 'pamhook', 'libpam', 'rate')),
  // No fewer: of two equal figures one is always a little less.
  least(
    'logins a second, 64 clients',
    0.97,
    'x those with 16',
    between('logins-16', 'pamhook, 64 clients', 'pamhook', 'rate'),
  ),
  most(LOGIN_CPU, 2, 'ms', beyondHashAndTls),
  least('full handshakes a second, EC', 0.95, 'x floor', toFloor('handshakes-ec', 'rate')),
  least('full handshakes a second, RSA', 0.95, 'x floor', toFloor('handshakes-rsa', 'rate')),
  least('resumed handshakes a second, EC', 0.95, 'x floor', toFloor('resumed-ec', 'rate')),
  least('resumed handshakes a second, RSA', 0.95, 'x floor', toFloor('resumed-rsa', 'rate')),
  most('start to first answered review', 500, 'ms', (result) => alone(result, 'start', 'duration')),
  most('memory (PSS) at rest', 130, 'MiB', (result) => inMib(alone(result, 'memory-at-rest', 'memory'))),
  most('memory (PSS) after the whole bench', 250, 'MiB', (result) => inMib(alone(result, 'memory-after', 'memory'))),
];

export function judge(result: Result): Verdict[] {
  return goals.map((goal) => {
    const value = goal.seen(result);
    return { ...goal, value, met: value === undefined ? undefined : isMet(goal, value.median) };
  });
}

function isMet({ bound, limit }: Goal, value: number): boolean {
  return bound === 'at most' ? value <= limit : value >= limit;
}

function most(figure: string, limit: number, unit: string, seen: Goal['seen']): Goal {
  return { figure, bound: 'at most', limit, unit, seen };
}

function least(figure: string, limit: number, unit: string, seen: Goal['seen']): Goal {
  return { figure, bound: 'at least', limit, unit, seen };
}

function toFloor(id: string, figure: FigureName): Goal['seen'] {
  return between(id, 'pamhook', 'floor', figure);
}

/** Two servers of one case: the ratios of its rounds. */
function between(id: string, one: string, other: string, figure: FigureName): Goal['seen'] {
  return (result) => spreadOf(ratios(roundsOf(result, id, one, figure), roundsOf(result, id, other, figure)));
}

function alone(result: Result, id: string, figure: FigureName): Spread | undefined {
  return spreadOf(roundsOf(result, id, 'pamhook', figure));
}

function growth(id: string): Goal['seen'] {
  return (result) => {
    const [before, ...after] = roundsOf(result, id, 'pamhook', 'memory');
    return before === undefined ? undefined : inMib(spreadOf(after.map((value) => value - before)));
  };
}

/** What a login with a hash that costs little costs, less what the same transaction costs a plain process and a connection with a small answer costs the floor; ms. */
function beyondHashAndTls(result: Result): Spread | undefined {
  const connection = median(roundsOf(result, 'handshakes-ec', 'floor', 'cpu'));
  const plain = roundsOf(result, 'brief-logins', 'libpam', 'cpu');
  const whole = roundsOf(result, 'brief-logins', 'pamhook', 'cpu');
  return spreadOf(whole.map((cpu, round) => (cpu - (plain[round] ?? Number.NaN) - connection) / 1000));
}

function inMib(spread: Spread | undefined): Spread | undefined {
  return spread && { median: spread.median / MIB, low: spread.low / MIB, high: spread.high / MIB };
}
