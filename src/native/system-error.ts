/** Errors from system calls as the addon throws them, given the `code` that Node's own have; in every process. */
import { getSystemErrorName } from 'node:util';
import { UnavailableError } from '../errors.js';

interface SystemError extends Error {
  errno: number;
  syscall: string;
  code?: string;
}

function isSystemError(error: unknown): error is SystemError {
  return error instanceof Error && 'errno' in error && typeof error.errno === 'number';
}

/** Adds `code` to the addon's error; Node names errnos by their negative, and throws for a number that is none. */
function named(error: unknown): unknown {
  if (isSystemError(error)) {
    error.code = error.errno > 0 ? getSystemErrorName(-error.errno) : `errno ${error.errno}`;
  }
  return error;
}

/** Calls the addon; its error comes out with `code`. */
export function withCode<T>(call: () => T): T {
  try {
    return call();
  } catch (error) {
    throw named(error);
  }
}

/** Awaits a lookup; its failure becomes ERR_NSS_FAILED with the system's error as cause. */
export async function orNssFailed<T>(lookup: Promise<T>, what: string): Promise<T> {
  try {
    return await lookup;
  } catch (error) {
    throw new UnavailableError('ERR_NSS_FAILED', `${what} could not be looked up`, { cause: named(error) });
  }
}
