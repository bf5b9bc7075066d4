/** Findings on the address and port to listen on. */
import { closeSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { listen, mainPlace, type Place, webhookPlace } from '../../privsep/listening.js';
import { metricsPlace } from '../../privsep/metrics-startup.js';
import { examine, type Finding, ok, type Setup } from './finding.js';

export async function portFindings({ settings, native }: Setup): Promise<Finding[]> {
  const { metricsBind } = settings;
  const metrics = metricsBind && metricsPlace(metricsBind);
  const places = [mainPlace(settings), webhookPlace(settings), metrics].filter((place) => place !== undefined);
  return (await Promise.all(places.map((place) => findingsOn(place, native)))).flat();
}

/** Listens for a moment. */
async function findingsOn(place: Place, native: Setup['native']): Promise<Finding[]> {
  const { address, port } = place;
  const where = `${address || 'all addresses'}, port ${port || 'any free one'}`;
  const free = await examine('port', () => closeSync(listen(place, native).fd), { fine: () => `${where}: free` });
  if (!free.findings.some(({ says }) => says.endsWith('the port is taken'))) return [...free.findings];
  const holder = holderOf(port);
  if (holder?.name === 'pamhook') return [ok('port', `${where}: held by the running pamhook, process ${holder.pid}`)];
  const by = holder === undefined ? 'a process that only root can name' : `${holder.name}, process ${holder.pid}`;
  return free.findings.map((finding) => ({ ...finding, says: `${finding.says}, by ${by}` }));
}

interface Holder {
  readonly pid: number;
  readonly name: string;
}

/** The process that listens on the port, as far as this user may see: pamhook's supervisor before its front. */
export function holderOf(port: number): Holder | undefined {
  const sockets = new Set(['/proc/net/tcp', '/proc/net/tcp6'].flatMap((file) => listeningSockets(file, port)));
  const holders = numbersIn('/proc')
    .filter((pid) => holdsAny(pid, sockets))
    .map((pid) => ({ pid, name: nameOf(pid) }));
  return holders.find(({ name }) => name === 'pamhook') ?? holders[0];
}

/** As /proc/PID/fd links to them. A line: number, local address:port, remote, state (0A: listening), ..., inode the tenth. */
function listeningSockets(file: string, port: number): string[] {
  const lines = readOrEmpty(file).split('\n').slice(1);
  return lines
    .map((line) => line.trim().split(/\s+/))
    .filter(([, local = '', , state]) => state === '0A' && Number.parseInt(local.split(':')[1] ?? '', 16) === port)
    .map((fields) => `socket:[${fields[9]}]`);
}

function holdsAny(pid: number, sockets: ReadonlySet<string>): boolean {
  return numbersIn(`/proc/${pid}/fd`).some((fd) => {
    try {
      return sockets.has(readlinkSync(`/proc/${pid}/fd/${fd}`));
    } catch {
      return false;
    }
  });
}

function numbersIn(directory: string): number[] {
  try {
    return readdirSync(directory)
      .filter((name) => /^\d+$/.test(name))
      .map(Number);
  } catch {
    return [];
  }
}

/** The first word of its command line, without directories. */
function nameOf(pid: number): string {
  const [word = ''] = readOrEmpty(`/proc/${pid}/cmdline`).split('\0', 1);
  return word.trimEnd().split('/').at(-1) ?? '';
}

function readOrEmpty(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}
