/** One TLS connection of the front: which requests it still owes an answer, and when its last answer has come. */
import type { ServerResponse } from 'node:http';

export interface Connection {
  /** Of the peer. */
  readonly source: string;
  /** Whether the peer is a trusted proxy. */
  readonly isProxy: boolean;
  /** Answers not yet handed to the system, in the order of their requests; more than one only when pipelined. */
  readonly unanswered: ServerResponse[];
  requests: number;
  /** True once no further request is wanted. */
  closing: boolean;
  /** True once it cannot be told where a request ended: nothing behind it is looked at. */
  broken: boolean;
  /** True once another CA judges client certificates than when this connection was made. */
  outdated: boolean;
}

export function createConnection(source: string, isProxy: boolean): Connection {
  return { source, isProxy, unanswered: [], requests: 0, closing: false, broken: false, outdated: false };
}

/** Counts a request in; the connection is closed after `limit` of them. */
export function beginAnswer(connection: Connection, response: ServerResponse, limit: number): void {
  connection.unanswered.push(response);
  connection.requests += 1;
  if (connection.requests >= limit) connection.closing = true;
  if (connection.closing) announceClose(connection);
}

export function endAnswer(connection: Connection, response: ServerResponse): void {
  const index = connection.unanswered.indexOf(response);
  if (index >= 0) connection.unanswered.splice(index, 1);
}

/** Lets what was asked be answered, and no more be asked. */
export function closeAfterAnswers(connection: Connection): void {
  connection.closing = true;
  announceClose(connection);
}

/** For a connection that is gone: Node 20 and 22 tell only the first of its answers so, and the others would be worked on for nobody. */
export function loseAnswers({ unanswered }: Connection): void {
  for (const response of [...unanswered]) {
    response.destroy();
    response.emit('close');
  }
}

/** Only the newest answer may say close: Node ends the connection after it, and drops requests pipelined behind it. */
function announceClose({ unanswered }: Connection): void {
  const newest = unanswered.at(-1);
  for (const response of unanswered) {
    if (!response.headersSent) response.setHeader('Connection', response === newest ? 'close' : 'keep-alive');
  }
}
