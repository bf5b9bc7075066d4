/** A server in pamhook's place that answers what pamhook never would, or not at a test's wish; its TLS is real. */
import { writeFileSync } from 'node:fs';
import type { IncomingMessage, RequestListener } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { type Ended, MAIN } from '../daemon/daemon-harness.js';
import { createCertificate, type TestCertificate } from '../harness/certificate.js';
import { type Ending, scratchDirectory } from '../harness/scratch.js';
import { withoutTerminal } from './scene.js';
import { atTerminal, type Person } from './terminal.js';

export interface StandIn {
  readonly server: string;
  readonly port: number;
  /** What was asked, newest last. */
  readonly requests: readonly IncomingMessage[];
  readonly ca: string;
  readonly home: string;
  readonly env: NodeJS.ProcessEnv;
  readonly flags: readonly string[];
  /** A command with the password on standard input. */
  run(args: readonly string[], env?: NodeJS.ProcessEnv): Promise<Ended>;
  type(args: readonly string[]): Person;
}

export interface StandInOptions {
  readonly certificate?: TestCertificate;
  /** The name in its URL. */
  readonly host?: string;
}

export async function startStandIn(
  t: Ending,
  answer: RequestListener,
  { certificate, host = 'localhost' }: StandInOptions = {},
): Promise<StandIn> {
  const { cert, key } = certificate ?? (await createCertificate('localhost'));
  const requests: IncomingMessage[] = [];
  const server = createServer({ cert, key }, (request, response) => {
    requests.push(request);
    request.resume();
    answer(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  const home = scratchDirectory(t);
  const ca = join(home, 'ca.crt');
  writeFileSync(ca, cert);
  const url = `https://${host}:${port}`;
  const env = { PATH: process.env['PATH'], HOME: home };
  return {
    server: url,
    port,
    requests,
    ca,
    home,
    env,
    flags: ['--server', url, '--certificate-authority', ca, '--username', 'alice', '--cache', 'file'],
    run: (args, more = {}) =>
      withoutTerminal(t, [process.execPath, MAIN, ...args, '--password-stdin'], { ...env, ...more }, 'secret\n'),
    type: (args) => atTerminal(t, [process.execPath, MAIN, ...args], { env }),
  };
}

/** An answer in JSON. */
export function json(status: number, body: unknown, headers: Readonly<Record<string, string>> = {}): RequestListener {
  return (_request, response) => {
    response.writeHead(status, { 'content-type': 'application/json', ...headers });
    response.end(JSON.stringify(body));
  };
}

/** What pamhook answers to the right password. `life`: milliseconds from now. */
export function issued(life = 3_600_000, more: object = {}): RequestListener {
  return (request, response) => {
    const expirationTimestamp = new Date(Date.now() + life).toISOString();
    json(200, { token: 'a.b.c', expirationTimestamp, username: 'alice', messages: [], ...more })(request, response);
  };
}
