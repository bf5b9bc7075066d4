/** A directory of keys and a clock that a test turns; what a daemon would make of the directory. */
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { runCommand } from '#src/cli/command.js';
import { runKeys } from '#src/cli/keys.js';
import type { Settings } from '#src/config/settings.js';
import { parseSigningKey } from '#src/keys/key-material.js';
import type { TokenClaims } from '#src/keys/keys.js';
import { importSigningMaterial } from '#src/keys/signer.js';
import { importVerifier } from '#src/keys/verifier.js';
import { loadNative } from '#src/native/binding.js';
import { readSigningKey, readVerificationKeys } from '#src/privsep/key-files.js';
import { materialOf } from '#src/privsep/key-frame.js';
import { type Ending, scratchDirectory } from '../../harness/scratch.js';

export const SECOND = 1_000;
export const MINUTE = 60 * SECOND;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;
/** A retired key stays for --publish-for, --max-lifetime and this. */
export const LEEWAY = 30 * SECOND;

const native = loadNative();
const log = { error() {}, warn() {}, info() {}, verbose() {} };

export interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** What a daemon that reads the directory now signs and verifies with. */
export interface Daemon {
  readonly signing: string;
  readonly verification: readonly string[];
  sign(lifetime: number): string;
  verifies(token: string): boolean;
}

export class Turning {
  readonly dir: string;
  /** Milliseconds since the epoch. */
  now = Date.UTC(2026, 10, 22);

  constructor(t: Ending, key: Buffer) {
    this.dir = join(scratchDirectory(t), 'keys');
    mkdirSync(this.dir);
    chmodSync(this.dir, 0o755);
    writeFileSync(join(this.dir, 'signing-key.pem'), key, { mode: 0o600 });
  }

  path(...names: string[]): string {
    return join(this.dir, ...names);
  }

  async keys(...argv: string[]): Promise<Ran> {
    let stdout = '';
    let stderr = '';
    const io = {
      stdout: { write: (text: string) => (stdout += text) },
      stderr: { write: (text: string) => (stderr += text) },
    };
    const command = (args: readonly string[]) => runKeys(args, io, () => this.now);
    const code = await runCommand('pamhook keys', command, [...argv, '--dir', this.dir], io);
    return { code, stdout, stderr };
  }

  /** rotate's report; throws when it failed. */
  async rotate(...argv: string[]) {
    const { code, stdout, stderr } = await this.keys('rotate', '--output', 'json', ...argv);
    if (code !== 0) throw new Error(stderr);
    const { done, toCome } = JSON.parse(stdout) as {
      done: { what: string; kid: string }[];
      toCome: { step: string; kid?: string; at?: string }[];
    };
    return { done: done.map(({ what }) => what), kids: done.map(({ kid }) => kid), toCome };
  }

  /** The kid of the key that signs. */
  signing(): string {
    return parseSigningKey(readFileSync(this.path('signing-key.pem')), 'key').kid;
  }

  daemon(): Daemon {
    const settings = {
      signingKey: undefined,
      signingKeyFile: this.path('signing-key.pem'),
      verificationKeyFiles: [this.path('verification')],
    } as unknown as Settings;
    const reading = { native, log, now: Date.now };
    const { signing } = readSigningKey(settings, reading);
    const keys = readVerificationKeys(settings, reading);
    const signer = importSigningMaterial(materialOf(signing));
    const verifier = importVerifier(keys.map(materialOf));
    return {
      signing: signing.kid,
      verification: keys.map(({ kid }) => kid),
      sign: (lifetime) => signer.sign(claims(this.now, lifetime)),
      verifies: (token) => verifier.verify(token).valid,
    };
  }
}

function claims(now: number, lifetime: number): TokenClaims {
  const iat = Math.floor(now / 1000);
  return { username: 'alice', sub: 'alice', uid: '1', iat, nbf: iat, exp: iat + lifetime / 1000, jti: 'j' };
}
