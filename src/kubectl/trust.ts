/** The certificates that pamhook's is checked with: those that were named, or the system's. */
import { readFile } from 'node:fs/promises';
import { ConfigurationError } from '../errors.js';
import type { Environment } from './io.js';
import { printable } from './printable.js';

const LONGEST_FILE = 1024 * 1024;
/** Where systems keep all of their CAs in one file: Debian, Red Hat, openSUSE, Alpine and BSD. */
const BUNDLES = [
  '/etc/ssl/certs/ca-certificates.crt',
  '/etc/pki/tls/certs/ca-bundle.crt',
  '/etc/ssl/ca-bundle.pem',
  '/etc/ssl/cert.pem',
];

/** PEM. Throws ConfigurationError. */
export async function readCaFile(path: string): Promise<string> {
  const shown = `certificate-authority ${printable(path)}`;
  const text = await readFile(path, 'utf8').catch((cause: NodeJS.ErrnoException) => {
    throw new ConfigurationError(`${shown} cannot be read (${cause.code})`, undefined, { cause });
  });
  if (text.length > LONGEST_FILE) throw new ConfigurationError(`${shown} is larger than 1 MiB`);
  return checkCa(text, shown);
}

/** Throws ConfigurationError: TLS would say nothing of certificates that it cannot read. */
export function checkCa(text: string, shown: string): string {
  if (text.includes('-----BEGIN CERTIFICATE-----')) return text;
  throw new ConfigurationError(`${shown} holds no certificate in PEM`);
}

/**
 * PEM; undefined: Node's own, where the system's are not found. Node 20 knows no others by itself. SSL_CERT_FILE and
 * NODE_EXTRA_CA_CERTS mean the same as elsewhere.
 */
export async function systemCas(environment: Environment): Promise<string[] | undefined> {
  const { SSL_CERT_FILE: named, NODE_EXTRA_CA_CERTS: extra } = environment;
  const bundle = named ? await readFile(named, 'utf8').catch(() => undefined) : await firstOf(BUNDLES);
  const system = bundle === undefined ? await askedOfNode() : [bundle];
  if (system === undefined) return undefined;
  const added = extra ? await readFile(extra, 'utf8').catch(() => undefined) : undefined;
  return added === undefined ? system : [...system, added];
}

async function firstOf(paths: readonly string[]): Promise<string | undefined> {
  for (const path of paths) {
    const text = await readFile(path, 'utf8').catch(() => undefined);
    if (text !== undefined) return text;
  }
  return undefined;
}

/** macOS and Windows keep theirs in no file; Node has a way to them from 22.15 on. */
async function askedOfNode(): Promise<string[] | undefined> {
  const { default: tls } = await import('node:tls');
  if (!('getCACertificates' in tls) || typeof tls.getCACertificates !== 'function') return undefined;
  const found: string[] = tls.getCACertificates('system');
  return found.length > 0 ? found : undefined;
}
