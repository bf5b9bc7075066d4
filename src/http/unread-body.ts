/** Bounds what still comes of a body when its request has been answered; runs in the front. */
import type { IncomingMessage, ServerResponse } from 'node:http';

/** Of a body that is answered unread, at most `limit` bytes are thrown away as they come; then the connection is closed. */
export function boundUnreadBody(request: IncomingMessage, response: ServerResponse, limit: number): void {
  if (!mayExceed(request, limit)) return;
  let length = 0;
  // Before Node's own listener, which would throw away all that comes unless somebody reads.
  response.prependOnceListener('finish', () => {
    if (request.complete) return;
    request.on('data', (chunk: Buffer) => {
      length += chunk.length;
      if (length > limit) request.socket.destroy();
    });
    request.read(0);
  });
}

function mayExceed({ headers }: IncomingMessage, limit: number): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > limit;
}
