/** Requests as bytes, in the file that the load programs read. */
import { writeFileSync } from 'node:fs';
import { reviewOf } from './tokens.js';

/** With the headers that kube-apiserver sends. */
export function post(path: string, body: string): string {
  const headers = [
    `POST ${path} HTTP/1.1`,
    'Host: 127.0.0.1',
    'User-Agent: Go-http-client/1.1',
    `Content-Length: ${Buffer.byteLength(body)}`,
    'Accept: application/json, */*',
    'Content-Type: application/json',
    'Accept-Encoding: gzip',
  ];
  return `${headers.join('\r\n')}\r\n\r\n${body}`;
}

export function review(token: string, path = '/authenticate?timeout=30s'): string {
  return post(path, reviewOf(token));
}

export function login(username: string, password: string): string {
  const credentials = Buffer.from(`${username}:${password}`).toString('base64');
  return `GET /token HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Basic ${credentials}\r\nConnection: close\r\n\r\n`;
}

/** Each ends with a NUL. */
export function writeRequests(path: string, requests: readonly string[]): string {
  writeFileSync(path, requests.map((request) => `${request}\0`).join(''));
  return path;
}
