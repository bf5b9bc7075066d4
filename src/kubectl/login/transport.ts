/** One HTTPS request: certificate always checked, nothing followed, time and size bounded. */
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { request } from 'node:https';
import { LoginFailure } from '../failure.js';
import type { ClientSettings } from '../settings.js';
import { systemCas } from '../trust.js';
import { explainConnection, TIMEOUT } from './connection-faults.js';
import { proxyFor } from './proxy.js';
import { openTunnel } from './tunnel.js';

/** Bytes: a token of the longest kind, and all that PAM can say. */
const LONGEST_BODY = 131_072;
const LONGEST_HEADERS = 32_768;

export interface HttpAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

export interface Posted {
  readonly headers: Readonly<Record<string, string | string[]>>;
  readonly contentType: string;
  readonly body: string;
}

/** Throws LoginFailure. */
export async function post(
  url: URL,
  { ca, proxyUrl, environment }: Pick<ClientSettings, 'ca' | 'proxyUrl' | 'environment'>,
  posted: Posted,
  timeout = TIMEOUT,
): Promise<HttpAnswer> {
  const cas = ca ?? (await systemCas(environment));
  const signal = AbortSignal.timeout(timeout);
  const trust = {
    // Said, since NODE_TLS_REJECT_UNAUTHORIZED would take it away otherwise.
    rejectUnauthorized: true,
    ...(cas === undefined ? {} : { ca: cas }),
  };
  const proxy = proxyFor(url, proxyUrl, environment);
  try {
    const way = proxy === undefined ? {} : { socket: await openTunnel(proxy, url, signal, environment) };
    const options = { method: 'POST', agent: false, maxHeaderSize: LONGEST_HEADERS, signal, ...trust, ...way };
    const headers = {
      ...posted.headers,
      'content-type': posted.contentType,
      'content-length': Buffer.byteLength(posted.body),
      'user-agent': 'pamhook',
    };
    return await answerTo(url, { ...options, headers }, posted.body);
  } catch (error) {
    throw error instanceof LoginFailure ? error : explainConnection(error, url, { timeout });
  }
}

function answerTo(url: URL, options: Parameters<typeof request>[1], body: string): Promise<HttpAnswer> {
  return new Promise((resolve, reject) => {
    const asked = request(url, options, (response) => {
      read(response, url).then(resolve, (error) => {
        asked.destroy();
        reject(error);
      });
    });
    asked.once('error', reject);
    asked.end(body);
  });
}

async function read(response: IncomingMessage, url: URL): Promise<HttpAnswer> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of response) {
    chunks.push(chunk);
    length += chunk.length;
    if (length > LONGEST_BODY) {
      throw new LoginFailure(`what answers at ${url.host} is no pamhook: it sends more than ${LONGEST_BODY} bytes`);
    }
  }
  const { statusCode: status = 0, headers } = response;
  return { status, headers, body: Buffer.concat(chunks).toString('utf8') };
}
