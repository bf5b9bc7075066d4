/** What is wrong with a Redis server, in words for the log; said by the process that speaks to it. */
import { ConnectionTimeoutError, ErrorReply } from '@redis/client';

/** Codes that Redis' error replies begin with. The rest of a reply is never shown: it may quote a command, and with it the password. */
const REPLIES: Readonly<Record<string, string>> = {
  WRONGPASS: 'user name or password refused',
  NOAUTH: 'a password is wanted',
  NOPERM: 'its access control list forbids a command or a key',
  OOM: 'its memory is full',
  MISCONF: 'it cannot save and takes no writes',
  READONLY: 'it is a replica and takes no writes',
  LOADING: 'it still loads its data',
  BUSY: 'it is held up by a script',
  MASTERDOWN: 'it is a replica without its master',
  MOVED: 'it is part of a cluster, which is not supported',
  CLUSTERDOWN: 'it is part of a cluster, which is not supported',
  WRONGTYPE: 'a key is in use by something else',
};

/** What was wanted had not come when its time was over. */
export class LateError extends Error {}

export function reasonOf(fault: unknown): string {
  if (fault instanceof LateError || fault instanceof ConnectionTimeoutError) return 'no answer in time';
  if (fault instanceof ErrorReply) {
    const code = /^[A-Z]+/.exec(fault.message)?.[0] ?? '';
    return Object.hasOwn(REPLIES, code) ? `${REPLIES[code]} (${code})` : 'a command was answered with an error';
  }
  const code = (fault as NodeJS.ErrnoException | undefined)?.code;
  if (typeof code === 'string' && /^[A-Z0-9_]{1,64}$/.test(code)) return code;
  return fault instanceof Error && /closed/i.test(fault.message)
    ? 'the connection was closed'
    : 'no answer of a Redis server';
}
