/** What all cases of a run share: accounts, files, tokens, and the servers that run throughout. */
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Signer } from '#src/keys/keys.js';
import { type Account, conditions, createAccounts, users, wrapAccounts, wrappedConditions } from './accounts.js';
import type { Options } from './options.js';
import { writeRequests } from './requests.js';
import {
  type FloorOptions,
  type Identity,
  initialise,
  type PamhookOptions,
  type Server,
  startFloor,
  startPamhook,
} from './servers.js';
import { isInside } from './throw-away-root.js';
import { AUDIENCE, reviewOf, signerOf, tokenFor } from './tokens.js';

export interface Stage {
  readonly options: Options;
  /** Of one group each. */
  readonly users: readonly Account[];
  readonly conditions: readonly string[];
  readonly identity: Identity;
  readonly signer: Signer;
  /** Started before the first case, stopped after the last. */
  readonly pamhook: Server;
  pamhookOptions(name: string, flags?: readonly string[]): PamhookOptions;
  startPamhook(name: string, flags?: readonly string[], identity?: Partial<Identity>): Promise<Server>;
  /** Answers what pamhook answers to a review of this account's token. */
  startFloor(
    account: Account,
    mode?: FloorOptions['mode'],
    name?: string,
    certificate?: Pick<Identity, 'cert' | 'key'>,
  ): Promise<Server>;
  file(name: string): string;
  requests(name: string, each: readonly string[]): string;
  end(): Promise<void>;
}

/** Flags as a daemon of a cluster has them; everything else as it ships. */
const FLAGS = ['-audience', AUDIENCE, '-token-expires-in', '60'];

export async function setStage(options: Options): Promise<Stage> {
  const directory = mkdtempSync(join(tmpdir(), 'pamhook-bench-'));
  process.once('exit', () => rmSync(directory, { recursive: true, force: true }));
  const file = (name: string) => join(directory, name);
  const many = users(options.smoke ? 200 : 10_000);
  const sight = isInside ? createAccounts() : wrapAccounts(directory, many);
  const identity = initialise(file('ec'), 'ec');
  const signer = signerOf(identity.signingKey);
  const node = file('node');
  copyFileSync(process.execPath, node);
  const pamhookOptions: Stage['pamhookOptions'] = (name, flags = []) => ({
    ...identity,
    node,
    env: sight.env,
    audit: file(`${name}.audit`),
    flags: [...FLAGS, ...sight.flags, ...flags],
  });
  const pamhook = await startPamhook(pamhookOptions('pamhook'));
  return {
    options,
    users: many,
    conditions: isInside ? conditions : wrappedConditions,
    identity,
    signer,
    pamhook,
    pamhookOptions,
    startPamhook: (name, flags, other) => startPamhook({ ...pamhookOptions(name, flags), ...other }),
    async startFloor(account, mode = 'stringify', name = 'floor', certificate = identity) {
      const { body } = await ask(pamhook, reviewOf(tokenFor(signer, account)));
      writeFileSync(file(`${name}.answer`), body);
      return startFloor({ ...certificate, answer: file(`${name}.answer`), mode }, name);
    },
    file,
    requests(name, each) {
      mkdirSync(file('requests'), { recursive: true });
      return writeRequests(file(`requests/${name}`), each);
    },
    end: pamhook.stop,
  };
}

/** One review over a connection of its own. */
export function ask({ port, path }: Server, body: string): Promise<{ status: number; body: string }> {
  return new Promise((resolve, reject) => {
    const options = { host: '127.0.0.1', port, path, method: 'POST', agent: false, rejectUnauthorized: false };
    const asked = request({ ...options, headers: { 'Content-Type': 'application/json' } }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, body: Buffer.concat(chunks).toString('utf8') }),
      );
    });
    asked.on('error', reject);
    asked.end(body);
  });
}
