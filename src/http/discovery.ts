/** The documents of OpenID Connect Discovery, by which tokens are verified without pamhook: made in the front when its keys change. */
import { createHash } from 'node:crypto';
import { type PublicJwk, publicJwks } from '../keys/jwk-set.js';
import type { VerificationMaterial } from '../keys/key-material.js';
import { parseUrl } from '../url.js';

export interface Document {
  readonly type: string;
  readonly body: Buffer;
  readonly etag: string;
}

/** By path. */
export type Documents = ReadonlyMap<string, Document>;

export interface Discoverable {
  /** `server-name`. */
  readonly issuer: string;
  /** All that verify; the first is that of the key that signs. */
  readonly keys: readonly VerificationMaterial[];
  /** Claims that are in tokens by configuration, beside those of every token. */
  readonly claims: readonly string[];
}

const CONFIGURATION = '/.well-known/openid-configuration';
const KEYS = '/.well-known/jwks.json';
const CLAIMS = ['iss', 'sub', 'aud', 'exp', 'nbf', 'iat', 'jti', 'username', 'uid'];

/** None when no document could be right: the issuer is no https URL, or the key that signs is an HMAC secret. */
export function makeDocuments({ issuer, keys, claims }: Discoverable): Documents {
  const base = issuerBase(issuer);
  if (base === undefined || keys[0] === undefined || keys[0].algorithm === 'HS256') return new Map();
  const jwks = publicJwks(keys);
  const configuration = document('application/json', configurationOf(issuer, base.url, jwks, claims));
  const set = document('application/jwk-set+json', { keys: jwks });
  // At the top as well: a proxy may take the path away.
  return new Map(
    ['', base.path].flatMap((path) => [[path + CONFIGURATION, configuration] as const, [path + KEYS, set] as const]),
  );
}

/** OpenID Connect Discovery 1.0 section 3. Whoever only verifies reads no more of it, and there is no login to point to. */
function configurationOf(issuer: string, url: string, jwks: readonly PublicJwk[], claims: readonly string[]): object {
  return {
    issuer,
    jwks_uri: url + KEYS,
    response_types_supported: ['id_token'],
    subject_types_supported: ['public'],
    id_token_signing_alg_values_supported: [...new Set(jwks.map(({ alg }) => alg))],
    claims_supported: [...CLAIMS, ...claims],
  };
}

function document(type: string, content: object): Document {
  const body = Buffer.from(JSON.stringify(content));
  return { type, body, etag: `"${createHash('sha256').update(body).digest('base64url')}"` };
}

/** What the documents' paths are put behind: sections 3 and 4.1, and what kube-apiserver takes. undefined: not an issuer for anybody. */
function issuerBase(issuer: string): { readonly url: string; readonly path: string } | undefined {
  const [, path] = /^https:\/\/[^/?#@\\]+((?:\/[^?#\\]*)?)$/.exec(issuer) ?? [];
  // Another spelling of the path would be another path to this server.
  if (path === undefined || parseUrl(issuer)?.pathname !== (path || '/')) return undefined;
  return { url: issuer.replace(/\/$/, ''), path: path.replace(/\/$/, '') };
}
