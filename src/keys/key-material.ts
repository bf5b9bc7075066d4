/** Key files read into what signs and what verifies; run by the supervisor, whose frames carry the material to the others. */
import { createPrivateKey, createPublicKey, createSecretKey, type KeyObject, X509Certificate } from 'node:crypto';
import { ConfigurationError } from '../errors.js';
import { kindOf, MIN_RSA_BITS } from './algorithm.js';
import { encodingOf, isEncrypted, pemLabels } from './key-encoding.js';
import { keyId } from './key-id.js';
import type { Algorithm } from './keys.js';

export const MAX_KEY_BYTES = 64 * 1024;
/** RFC 7518 section 3.2: an HS256 key is at least as long as the digest. */
export const MIN_HMAC_BYTES = 32;

/** Made for the PAM workers alone. `key`: PKCS #8 in PEM, or the HMAC secret in base64. */
export interface SigningMaterial {
  readonly algorithm: Algorithm;
  readonly kid: string;
  readonly key: string;
}

/** Made for the front: for an asymmetric key nothing private is in it. `key`: SPKI in PEM, or the HMAC secret in base64. */
export interface VerificationMaterial {
  readonly algorithm: Algorithm;
  readonly kid: string;
  readonly key: string;
}

export interface ParsedSigningKey {
  readonly algorithm: Algorithm;
  readonly kid: string;
  readonly signing: SigningMaterial;
  readonly verification: VerificationMaterial;
  readonly warnings: readonly string[];
}

export interface ParsedVerificationKey {
  readonly verification: VerificationMaterial;
  readonly warnings: readonly string[];
}

const SIGNING_CURE = `give a PEM private key (EC P-256 or P-384, or RSA of at least ${MIN_RSA_BITS} bits), unencrypted, or a file with an HMAC secret`;
const VERIFICATION_CURE = `give one PEM key or certificate (EC P-256 or P-384, or RSA of at least ${MIN_RSA_BITS} bits), or a file with an HMAC secret`;

const privateLabels: readonly string[] = ['PRIVATE KEY', 'EC PRIVATE KEY', 'RSA PRIVATE KEY'];
const publicLabels: readonly string[] = ['PUBLIC KEY', 'RSA PUBLIC KEY'];

/**
 * The key that signs. `origin` names the file or option in messages; the contents never show in them.
 * Throws ConfigurationError.
 */
export function parseSigningKey(contents: Buffer, origin: string): ParsedSigningKey {
  const { key, warnings } = readKey(contents, origin, privateLabels, SIGNING_CURE);
  const algorithm = algorithmOrFault(key, origin, SIGNING_CURE);
  const kid = keyId(key);
  return {
    algorithm,
    kid,
    signing: { algorithm, kid, key: exportSigning(key) },
    verification: { algorithm, kid, key: exportVerification(key) },
    warnings,
  };
}

/** A key that verifies: public, private or in a certificate (of which only the key counts), or an HMAC secret. Throws ConfigurationError. */
export function parseVerificationKey(contents: Buffer, origin: string): ParsedVerificationKey {
  const labels = [...privateLabels, ...publicLabels, 'CERTIFICATE'];
  const { key, warnings } = readKey(contents, origin, labels, VERIFICATION_CURE);
  const algorithm = algorithmOrFault(key, origin, VERIFICATION_CURE);
  return { verification: { algorithm, kid: keyId(key), key: exportVerification(key) }, warnings };
}

interface ReadKey {
  readonly key: KeyObject;
  readonly warnings: readonly string[];
}

function readKey(contents: Buffer, origin: string, labels: readonly string[], cure: string): ReadKey {
  if (contents.length > MAX_KEY_BYTES) {
    throw new ConfigurationError(`${origin} is larger than ${MAX_KEY_BYTES} bytes`, cure);
  }
  const encoding = encodingOf(contents);
  if (encoding === 'secret') return readSecret(contents, origin, cure);
  if (encoding === 'pem') return { key: readPem(contents, origin, labels, cure), warnings: [] };
  throw new ConfigurationError(`${origin} holds a key in ${encoding.toUpperCase()} form, not PEM`, cure);
}

function readSecret(contents: Buffer, origin: string, cure: string): ReadKey {
  const secret = withoutNewline(contents);
  if (secret.length === 0) throw new ConfigurationError(`${origin} is empty`, cure);
  const warnings =
    secret.length < MIN_HMAC_BYTES
      ? [`the HMAC secret of ${origin} is shorter than ${MIN_HMAC_BYTES} bytes: whoever holds a token can guess at it`]
      : [];
  return { key: createSecretKey(secret), warnings };
}

/** One newline only: an editor's, not part of the secret. */
function withoutNewline(contents: Buffer): Buffer {
  if (contents.at(-1) !== 0x0a) return contents;
  return contents.subarray(0, contents.at(-2) === 0x0d ? -2 : -1);
}

function readPem(contents: Buffer, origin: string, allowed: readonly string[], cure: string): KeyObject {
  // `openssl ecparam -genkey` writes the curve's parameters in front of the key.
  const labels = pemLabels(contents).filter((label) => label !== 'EC PARAMETERS');
  const [label] = labels;
  if (label === undefined) throw new ConfigurationError(`${origin} is damaged PEM: no block begins in it`, cure);
  if (labels.length > 1) throw new ConfigurationError(`${origin} holds ${labels.length} PEM blocks, not one`, cure);
  if (isEncrypted(contents))
    throw new ConfigurationError(
      `${origin} holds an encrypted private key`,
      'decrypt it first: openssl pkey -in ENCRYPTED -out KEY',
    );
  if (!allowed.includes(label)) throw new ConfigurationError(`${origin} holds a PEM block "${label}"`, cure);
  try {
    return parseBlock(contents, label);
  } catch {
    // The cause is left out: nothing that came near the key is carried into a log.
    throw new ConfigurationError(`${origin} holds a PEM block "${label}" that cannot be read`, cure);
  }
}

function parseBlock(contents: Buffer, label: string): KeyObject {
  if (label === 'CERTIFICATE') return new X509Certificate(contents).publicKey;
  return privateLabels.includes(label) ? createPrivateKey(contents) : createPublicKey(contents);
}

function algorithmOrFault(key: KeyObject, origin: string, cure: string): Algorithm {
  const kind = kindOf(key);
  if ('unfit' in kind) throw new ConfigurationError(`${origin} holds ${kind.unfit}`, cure);
  return kind.algorithm;
}

function exportSigning(key: KeyObject): string {
  if (key.type === 'secret') return key.export().toString('base64');
  return key.export({ type: 'pkcs8', format: 'pem' }).toString();
}

function exportVerification(key: KeyObject): string {
  if (key.type === 'secret') return key.export().toString('base64');
  const publicKey = key.type === 'private' ? createPublicKey(key) : key;
  return publicKey.export({ type: 'spki', format: 'pem' }).toString();
}
