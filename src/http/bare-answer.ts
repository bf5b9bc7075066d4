/** Answers written to the socket itself, for what never became a request or is no longer Node's; runs in the front. */
import { randomUUID } from 'node:crypto';
import { STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';

const STATUS_OF_CODE: Readonly<Record<string, number>> = {
  HPE_HEADER_OVERFLOW: 431,
  HPE_CHUNK_EXTENSIONS_OVERFLOW: 413,
  ERR_HTTP_REQUEST_TIMEOUT: 408,
};

/** The status for an error of Node's HTTP parser, or of its timers. */
export function statusOfParserError(code: string | undefined): number {
  return STATUS_OF_CODE[code ?? ''] ?? 400;
}

/**
 * Answers and closes. The socket stays for `linger` ms: closed at once with bytes unread, the system would send a reset,
 * which can overtake the answer.
 */
export function answerBare(socket: Duplex, status: number, linger: number, headers: readonly string[] = []): void {
  const text = STATUS_CODES[status] ?? '';
  const lines = [
    `HTTP/1.1 ${status} ${text}`,
    'Content-Type: text/plain; charset=utf-8',
    `Content-Length: ${text.length}`,
    'X-Content-Type-Options: nosniff',
    `X-Request-Id: ${randomUUID()}`,
    `Date: ${new Date().toUTCString()}`,
    ...headers,
    'Connection: close',
  ];
  socket.on('error', () => socket.destroy());
  socket.end(`${lines.join('\r\n')}\r\n\r\n${text}`);
  const timer = setTimeout(() => socket.destroy(), linger);
  socket.once('close', () => clearTimeout(timer));
}
