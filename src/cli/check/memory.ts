/** Findings on what keeps passwords and keys off the disk: locked memory, swap, core files. */
import { readFileSync } from 'node:fs';
import { lockOwnMemory } from '../../privsep/startup.js';
import { examine, type Finding, ok, type Setup, warning } from './finding.js';

/** Locks this process's memory as `serve` does: done before secrets are read. */
export async function memoryFindings({ settings, native, isRoot }: Setup): Promise<Finding[]> {
  const core = await examine('core-files', () => native.forbidCoreDumps(), {
    fine: () => 'none of any process of pamhook',
  });
  const memory = await examine('memory', (log) => lockOwnMemory(settings, { native, log, isRoot }), {
    fine: (locked) => (locked ? 'can be locked' : 'is left unlocked: disable-mlock'),
    cure: 'raise the limit of locked memory (LimitMEMLOCK in a unit, ulimit -l), or start pamhook as root',
  });
  return [...core.findings, ...memory.findings, swapFinding(readSwaps())];
}

/** `swaps`: /proc/swaps, a heading and a line for each area. */
export function swapFinding(swaps: string): Finding {
  const areas = swaps.trim().split('\n').slice(1);
  if (areas.length === 0) return ok('swap', 'there is none');
  const names = areas.map((line) => line.split(/\s/, 1)[0]).join(', ');
  const says = `on (${names}): what passes through unlocked memory, such as an HTTP header with a password, may be written there`;
  return warning('swap', says, 'MemorySwapMax=0 in the systemd unit, encrypted swap, or swapoff');
}

function readSwaps(): string {
  try {
    return readFileSync('/proc/swaps', 'utf8');
  } catch {
    return '';
  }
}
