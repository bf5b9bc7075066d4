/** How cost grows, as tables and plots of a result; and what follows for a cluster. */
import { type Line, logPlot } from './chart.js';
import { table } from './report.js';
import { type FigureName, type Result, roundsOf } from './result.js';
import { median } from './statistics.js';

const MIB = 1024 * 1024;

/** Cases are called by what grows and how much of it there is. */
const GROWING: readonly (readonly [prefix: string, what: string])[] = [
  ['tokens', 'tokens of one user'],
  ['users', 'users of a directory that answers from memory, a token each'],
  ['users-in-passwd', 'users in /etc/passwd, without the identity cache'],
  ['groups', 'groups of the user'],
  ['connections', 'connections'],
];

/** The counts for which there is a case, in rising order. */
export function countsOf(result: Result, prefix: string): number[] {
  const counts = result.cases.flatMap(({ id }) => {
    const count = id.startsWith(`${prefix}-`) ? Number(id.slice(prefix.length + 1)) : Number.NaN;
    return Number.isNaN(count) ? [] : [count];
  });
  return counts.sort((one, other) => one - other);
}

function figureOf(result: Result, id: string, figure: FigureName, server = 'pamhook'): number {
  return median(roundsOf(result, id, server, figure));
}

export function scalingTable(result: Result): string {
  const rows = GROWING.flatMap(([prefix, what]) =>
    countsOf(result, prefix).map((count) => {
      const of = (figure: FigureName) => figureOf(result, `${prefix}-${count}`, figure);
      const memory = of('memory');
      return [
        what,
        count.toLocaleString('en'),
        of('cpu').toFixed(of('cpu') < 100 ? 1 : 0),
        Math.round(of('rate')).toLocaleString('en'),
        Number.isNaN(memory) ? '' : (memory / MIB).toFixed(0),
      ];
    }),
  );
  return table(['what grows', 'to', 'CPU a review, µs', 'reviews/s', 'PSS, MiB'], ...rows);
}

/** By path from the project's top. */
export function scalingPlots(result: Result): Record<string, string> {
  const line = (label: string, prefix: string, server = 'pamhook'): Line => ({
    label,
    points: countsOf(result, prefix)
      .map((count) => [count, figureOf(result, `${prefix}-${count}`, 'cpu', server)] as const)
      .filter(([, cpu]) => Number.isFinite(cpu)),
  });
  const plot = (title: string, x: string, ...lines: readonly Line[]) =>
    logPlot(
      title,
      { x, y: 'CPU a review, µs' },
      lines.filter(({ points }) => points.length > 0),
    );
  return {
    'docs/images/scaling-users.svg': plot(
      'Cost of a review as tokens and users grow',
      'tokens, users',
      line('tokens of one user', 'tokens'),
      line('users, cached', 'users'),
      line('users in passwd, uncached', 'users-in-passwd'),
    ),
    'docs/images/scaling-groups.svg': plot(
      'Cost of a review as groups of the user grow',
      'groups',
      line('pamhook', 'groups'),
      line('floor, same bytes', 'groups', 'floor'),
    ),
    'docs/images/scaling-connections.svg': plot(
      'Cost of a review as connections grow',
      'connections',
      line('pamhook', 'connections'),
    ),
  };
}

/** Logins through replicas that count failed ones together. */
export function replicasTable(result: Result): string {
  const servers = Object.keys(result.cases.find(({ id }) => id === 'replicas')?.servers ?? {});
  const rows = servers.map((server) => {
    const of = (figure: FigureName) => figureOf(result, 'replicas', figure, server);
    return [NAMES[server] ?? server, of('rate').toFixed(0), (of('cpu') / 1000).toFixed(1), of('p50').toFixed(0)];
  });
  return table(['16 clients log in through', 'logins/s', 'CPU a login, ms', 'p50, ms'], ...rows);
}

const NAMES: Readonly<Record<string, string>> = {
  pamhook: 'one daemon that counts alone',
  'with limits-store': 'one that counts in Redis',
  'two with limits-store': 'two that count in Redis together, on the same cores',
};

/** Of kube-apiserver: how long a yes serves at least (`--authentication-token-webhook-cache-ttl` and the 10 s it adds). */
const TTLS: readonly (readonly [label: string, seconds: number])[] = [
  ['10 s', 10],
  ['2 min (default)', 120],
  ['10 min', 600],
];
const API_SERVERS = 3;

/** Reviews a second of a cluster in which so many people never pause, and how much of a core they take. */
export function clusterTable(bench: Result): string {
  const cpu = figureOf(bench, 'no-identity-cache', 'cpu');
  const rows = [100, 1_000, 10_000, 100_000].map((users) => [
    users.toLocaleString('en'),
    ...TTLS.map(([, ttl]) => {
      const rate = (API_SERVERS * users) / ttl;
      return `${short(rate)} (${percent((rate * cpu) / 1e6)})`;
    }),
  ]);
  const carried = `One core carries ${Math.round(1e6 / cpu).toLocaleString('en')} of these reviews a second.`;
  return `${table(['people at work at once', ...TTLS.map(([label]) => `cache TTL ${label}`)], ...rows)}\n\n${carried}`;
}

/** What logins take: their hash. */
export function logins(bench: Result): string {
  const cpu = figureOf(bench, 'logins-16', 'cpu');
  const rows = [100, 1_000, 10_000, 100_000].map((users) => [
    users.toLocaleString('en'),
    ...[10, 60, 480].map((minutes) => {
      const rate = users / (minutes * 60);
      return `${short(rate)} (${percent((rate * cpu) / 1e6)})`;
    }),
  ]);
  const carried = `One core carries ${Math.round(1e6 / cpu).toLocaleString('en')} logins a second.`;
  return `${table(['people at work at once', 'tokens of 10 min', 'of 1 h', 'of 8 h'], ...rows)}\n\n${carried}`;
}

function short(value: number): string {
  return value < 10 ? value.toFixed(2) : Math.round(value).toLocaleString('en');
}

/** Of one core. */
function percent(share: number): string {
  return `${(share * 100).toFixed(share < 0.1 ? 2 : 0)} %`;
}
