/** Whose a token is for which a proxy vouched: nobody's any more once no header is believed; run by the front. */
import type { IdentitySource } from '../identity/identity.js';
import type { VouchedClaims } from '../keys/keys.js';
import type { AccountAllowed } from './account-allowed.js';
import { vouchedName } from './claims.js';
import { credentialIdOf } from './credential-id.js';
import { judgeAccess, judgeGroups, type Policy, presentNames } from './policy.js';
import type { ReviewedUser, ReviewRefusal } from './review.js';
import { isReserved } from './user-name.js';
import { groupsThatCount, type Vouching } from './vouching.js';

export interface VouchedReviewOptions {
  /** Absent: user-header is not set. */
  readonly vouching?: Vouching;
  readonly identities: IdentitySource;
  readonly accountAllowed?: AccountAllowed;
  readonly policy: Policy;
}

/** Under this key of `extra` Kubernetes' audit log tells such a user from the account of the same name. */
const ORIGIN = 'pamhook/origin';

/** Asks for an account only where there must be one. */
export async function vouchedUserNow(
  claims: VouchedClaims,
  { vouching, identities, accountAllowed, policy }: VouchedReviewOptions,
): Promise<ReviewedUser | ReviewRefusal> {
  if (vouching === undefined) return 'header not believed';
  const username = vouchedName(claims);
  if (isReserved(username)) return 'reserved name';
  if (!vouching.requireUnixUser) {
    const counted = groupsThatCount(vouching, claims.groups, undefined);
    return judgeGroups(counted, policy) ?? presented(claims, counted.groups, vouching, policy);
  }
  const account = await identities.find(username);
  if (account === undefined || account.username !== username) return 'unknown user';
  const { uid } = account;
  if (uid !== claims.uid) return 'another uid';
  const counted = groupsThatCount(vouching, claims.groups, account);
  const user =
    judgeAccess({ username, uid, ...counted }, policy) ?? presented(claims, counted.groups, vouching, policy);
  if (typeof user === 'string') return user;
  if (accountAllowed !== undefined && !(await accountAllowed(username))) return 'account not allowed';
  return { ...user, uid };
}

function presented(
  claims: VouchedClaims,
  groups: readonly string[],
  { prefix }: Vouching,
  policy: Policy,
): ReviewedUser | ReviewRefusal {
  const usernamePrefix = policy.usernamePrefix + prefix;
  const names = presentNames({ username: vouchedName(claims), groups }, { ...policy, usernamePrefix });
  if (names === 'reserved name') return names;
  return { ...names, extra: { ...credentialIdOf(claims), [ORIGIN]: [claims.origin] } };
}
