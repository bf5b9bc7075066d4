/** The port to keys: signing in the PAM worker, verifying in the front; the algorithm belongs to the key, never to the token. */

export type Algorithm = 'HS256' | 'ES256' | 'ES384' | 'RS256';

/** Claims as they stand in the token (RFC 7519), times in seconds since the epoch. */
export type TokenClaims = AccountClaims | VouchedClaims;

/** Of every token. */
interface CommonClaims {
  readonly sub: string;
  readonly iss?: string;
  readonly aud?: string | readonly string[];
  readonly iat: number;
  readonly nbf: number;
  readonly exp: number;
  readonly jti: string;
}

/** Of a token for an account, whose password was right. */
export interface AccountClaims extends CommonClaims {
  readonly origin?: undefined;
  readonly username: string;
  readonly uid: string;
  /** For those who verify tokens without pamhook, which never reads it. */
  readonly groups?: readonly string[];
}

/** Of a token for a user whom a proxy named: no `username`, and another `sub`, so that nobody takes it for one of an account. */
export interface VouchedClaims extends CommonClaims {
  readonly origin: 'header';
  readonly uid?: string;
  readonly groups: readonly string[];
}

export interface Signer {
  readonly algorithm: Algorithm;
  readonly kid: string;
  /** A compact JWS over the claims. Throws UnavailableError with ERR_KEY_UNAVAILABLE. */
  sign(claims: TokenClaims): string;
}

/** Why a token was refused: a closed list, so that it can be counted without letting text of a client into a log. */
export type TokenFault =
  | 'malformed'
  | 'unknown key'
  | 'wrong algorithm'
  | 'bad signature'
  | 'unsupported header'
  | 'bad claims'
  | 'expired'
  | 'not yet valid'
  | 'wrong issuer'
  | 'wrong audience';

export type Verification =
  | { readonly valid: true; readonly claims: Readonly<Record<string, unknown>>; readonly kid: string }
  | { readonly valid: false; readonly fault: TokenFault };

export interface Verifier {
  /** Checks form, header and signature only; the claims are the caller's to judge. Throws UnavailableError with ERR_KEY_UNAVAILABLE. */
  verify(token: string): Verification;
}
