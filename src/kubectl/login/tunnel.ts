/** A connection to pamhook through an HTTP proxy (CONNECT, RFC 9110 section 9.3.6): the proxy sees host and port, and TLS goes through it. */
import type { IncomingMessage, OutgoingHttpHeaders } from 'node:http';
import { isIP, type Socket } from 'node:net';
import { LoginFailure } from '../failure.js';
import type { Environment } from '../io.js';
import { systemCas } from '../trust.js';
import { explainConnection } from './connection-faults.js';

/** The way to a proxy of https is checked with the system's CAs: that of pamhook is another. Throws LoginFailure. */
export async function openTunnel(proxy: URL, url: URL, signal: AbortSignal, environment: Environment): Promise<Socket> {
  const isTls = proxy.protocol === 'https:';
  const { request } = isTls ? await import('node:https') : await import('node:http');
  const target = `${url.hostname}:${url.port || 443}`;
  const host = proxy.hostname.replace(/^\[|\]$/g, '');
  const cas = isTls ? await systemCas(environment) : undefined;
  const asked = request({
    method: 'CONNECT',
    host,
    // Not the name in the Host header, which Node would take.
    servername: isIP(host) === 0 ? host : '',
    port: proxy.port || (isTls ? 443 : 80),
    path: target,
    headers: { host: target, ...authorization(proxy) },
    agent: false,
    signal,
    rejectUnauthorized: true,
    ...(cas === undefined ? {} : { ca: cas }),
  });
  return new Promise((resolve, reject) => {
    const fail = (status: number | undefined) => {
      asked.destroy();
      reject(refused(proxy, target, status));
    };
    asked.once('connect', ({ statusCode }: IncomingMessage, socket: Socket, head: Buffer) => {
      // pamhook does not speak first: what came behind the answer is the proxy's own.
      if (statusCode === 200 && head.length === 0) resolve(socket);
      else fail(statusCode);
    });
    // What a proxy says in place of a connection is never taken for pamhook's answer.
    asked.once('response', ({ statusCode }: IncomingMessage) => fail(statusCode));
    asked.once('error', (error) => reject(explainConnection(error, proxy, { isProxy: true })));
    asked.end();
  });
}

function authorization({ username, password }: URL): OutgoingHttpHeaders {
  if (username === '' && password === '') return {};
  const plain = `${decoded(username)}:${decoded(password)}`;
  return { 'proxy-authorization': `Basic ${Buffer.from(plain).toString('base64')}` };
}

/** As it stands where a percent sign is one. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function refused(proxy: URL, target: string, status: number | undefined): LoginFailure {
  return new LoginFailure(
    `the proxy ${proxy.host} does not lead to ${target} (status ${status})`,
    'see whether --proxy-url, HTTPS_PROXY or the cluster names the right one, with user and password where it wants them',
  );
}
