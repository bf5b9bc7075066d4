/** By what id Kubernetes' audit log names a token; written by the front into each review that says yes. */
import type { TokenClaims } from '../keys/keys.js';

/** authentication.k8s.io: the key of `extra` for it. */
const CREDENTIAL_ID = 'authentication.kubernetes.io/credential-id';

export function credentialIdOf({ jti }: Pick<TokenClaims, 'jti'>): Readonly<Record<string, readonly string[]>> {
  return { [CREDENTIAL_ID]: [`JTI=${jti}`] };
}
