/** The use case "issue a token to whom a proxy vouches for": no password, no PAM, and a token that says so; run by the PAM worker. */
import { PamhookError } from '../errors.js';
import type { Identity, IdentitySource } from '../identity/identity.js';
import type { Signer } from '../keys/keys.js';
import { MAX_TOKEN_CHARACTERS, makeVouchedClaims } from './claims.js';
import { type ChoiceOptions, checkChoice } from './issue-token.js';
import { type AccessRefusal, groupsPassedOn, judgeAccess, judgeGroups, type Policy } from './policy.js';
import { isReserved, isUsername } from './user-name.js';
import type { VouchRequest } from './vouch.js';
import { type GroupsRefusal, groupsThatCount, usableGroups, type Vouching } from './vouching.js';

export interface VouchTokenOptions extends ChoiceOptions {
  /** undefined: user-header is not set, and nobody may vouch for anybody. */
  readonly vouching: Vouching | undefined;
  /** Asked each time, without a cache; only where an account is required. */
  readonly identities: IdentitySource;
  readonly signer: Signer;
  /** Empty: no `iss`. */
  readonly issuer: string;
  readonly policy: Policy;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** A new `jti`. */
  readonly randomId: () => string;
}

/** For the audit log; the client sees `Access denied`. */
export type VouchDenial = AccessRefusal | GroupsRefusal | 'unknown user' | 'reserved name' | 'unusable name';

export type VouchedResult =
  | {
      readonly outcome: 'issued';
      readonly token: string;
      readonly jti: string;
      readonly username: string;
      /** Of the account, where there must be one. */
      readonly uid?: string;
      readonly groups: readonly string[];
      /** Seconds since the epoch. */
      readonly expiresAt: number;
    }
  | { readonly outcome: 'refused'; readonly denial: VouchDenial };

type Asked = Omit<VouchRequest, 'requestId' | 'source'>;

/** Rejects with UnavailableError when it could not be decided, with PamhookError ERR_PROTOCOL for what the front may not ask for. */
export type VouchToken = (request: Asked) => Promise<VouchedResult>;

export function createVouchToken(options: VouchTokenOptions): VouchToken {
  return async (request) => {
    const { vouching } = options;
    if (vouching === undefined)
      throw new PamhookError('ERR_PROTOCOL', 'a user was vouched for, and user-header is not set');
    const choice = checkChoice(request, options);
    const groups = usableGroups(request.groups);
    if (typeof groups === 'string') return denied(groups);
    if (!isUsername(request.username)) return denied('unusable name');
    if (isReserved(request.username)) return denied('reserved name');
    const account = vouching.requireUnixUser ? await options.identities.find(request.username) : undefined;
    const denial = denialOf(account, groups, vouching, options.policy);
    if (denial !== undefined) return denied(denial);
    return issued(account?.username ?? request.username, account, groups, choice, options);
  };
}

/** The name is NSS's where there must be an account. */
function denialOf(
  account: Identity | undefined,
  vouched: readonly string[],
  vouching: Vouching,
  policy: Policy,
): VouchDenial | undefined {
  const counted = groupsThatCount(vouching, vouched, account);
  if (!vouching.requireUnixUser) return judgeGroups(counted, policy);
  if (account === undefined) return 'unknown user';
  if (isReserved(account.username)) return 'reserved name';
  if (!isUsername(account.username)) return 'unusable name';
  return judgeAccess({ username: account.username, uid: account.uid, ...counted }, policy);
}

function issued(
  username: string,
  account: Identity | undefined,
  vouched: readonly string[],
  choice: ReturnType<typeof checkChoice>,
  { vouching, policy, issuer, signer, now, randomId }: VouchTokenOptions,
): VouchedResult {
  const groups = vouching?.groups ? groupsPassedOn(vouched, policy.groupsFilter) : [];
  const uid = account === undefined ? {} : { uid: account.uid };
  const claims = makeVouchedClaims({ username, ...uid, groups, issuer, ...choice, now: now(), jti: randomId() });
  const token = signer.sign(claims);
  if (token.length > MAX_TOKEN_CHARACTERS) return denied('too many groups');
  return { outcome: 'issued', token, jti: claims.jti, username, ...uid, groups, expiresAt: claims.exp };
}

function denied(denial: VouchDenial): VouchedResult {
  return { outcome: 'refused', denial };
}
