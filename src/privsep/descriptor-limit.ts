/** How many connections the limit on open files (RLIMIT_NOFILE) leaves room for; runs in the supervisor. */
import { readFileSync } from 'node:fs';
import { ConfigurationError } from '../errors.js';
import type { Logger } from '../log/logger.js';

/** Left to the front for everything else: its own descriptors are about 25, and each of its few lookups at a time needs some. */
const RESERVE = 64;

/** Fewer are no service. */
const FEWEST = 64;

/**
 * The front accepts no more, and so never runs out of the descriptors that its lookups need: a user database that cannot be opened looks
 * empty to some modules. `limit`: descriptors a process may have; `wanted`: connections. Throws ConfigurationError when it is too low.
 */
export function connectionsWithin(limit: number, wanted: number, log: Logger): number {
  const room = limit - RESERVE;
  if (room >= wanted) return wanted;
  const raise = 'raise it (ulimit -n, LimitNOFILE= of systemd, --ulimit nofile of a container)';
  if (room < FEWEST) {
    throw new ConfigurationError(`the limit on open files is ${limit}, and ${RESERVE + FEWEST} are needed`, raise);
  }
  log.warn(`the limit on open files leaves room for fewer connections: ${raise}`, {
    limit,
    connections: room,
    instead: wanted,
  });
  return room;
}

/** Of this process and those it starts; Node has raised the soft limit to the hard one. */
export function descriptorLimit(): number {
  const limits = readFileSync('/proc/self/limits', 'utf8');
  const soft = /^Max open files\s+(\d+|unlimited)/m.exec(limits)?.[1];
  return soft === undefined || soft === 'unlimited' ? Number.POSITIVE_INFINITY : Number(soft);
}
