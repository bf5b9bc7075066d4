/**
 * The floor, a process of its own: a bare node:https server with pamhook's certificate and ciphers that reads a TokenReview, parses it,
 * and stringifies an answer; or, started with `ready`, sends the answer's bytes as they are. PORT CERT KEY ANSWER MODE
 */
import { readFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import { alpn, secureContext } from '#src/http/tls-options.js';

const [port, cert = '', key = '', answerFile = '', mode] = process.argv.slice(2);
const bytes = readFileSync(answerFile);
const answer: object = JSON.parse(bytes.toString('utf8'));
const serialise = mode === 'ready' ? () => bytes : () => JSON.stringify(answer);

function respond(body: Buffer, response: ServerResponse): void {
  const review: { spec: { token: string } } = JSON.parse(body.toString('utf8'));
  const known = typeof review.spec.token === 'string';
  response.writeHead(known ? 200 : 400, { 'Content-Type': 'application/json' });
  response.end(serialise());
}

function read(request: IncomingMessage, response: ServerResponse): void {
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', () => respond(Buffer.concat(chunks), response));
}

const identity = { cert: readFileSync(cert), key: readFileSync(key) };
const server = createServer({ ...secureContext(identity), ...alpn, keepAliveTimeout: 120_000 }, read);
server.listen(Number(port), '127.0.0.1', () => console.log('serving'));
