/** The use case "issue a token": one login from password to signed token; run by the PAM worker, which believes nothing the front has checked. */
import { PamhookError } from '../errors.js';
import type { Identity, IdentitySource } from '../identity/identity.js';
import type { Signer, TokenClaims } from '../keys/keys.js';
import type { AccountReason, Pam, PamAnswer, PamDetail } from '../pam/pam.js';
import { MAX_TOKEN_CHARACTERS, makeClaims } from './claims.js';
import type { LoginRequest, Prompt } from './login.js';
import { type AccessPolicy, type AccessRefusal, groupsPassedOn, judgeAccess, type Policy } from './policy.js';
import { isReserved, isUsername } from './user-name.js';

/** What the front may ask for. */
export interface ChoiceOptions {
  readonly audience: readonly string[];
  /** Seconds, of a token whose request names none. */
  readonly defaultLifetime: number;
  /** Seconds. */
  readonly maxLifetime: number;
}

export interface IssueTokenOptions extends ChoiceOptions {
  readonly pam: Pick<Pam, 'ask'>;
  /** Asked each time, without a cache. */
  readonly identities: IdentitySource;
  readonly signer: Signer;
  /** Empty: no `iss`. */
  readonly issuer: string;
  /** What tokens have beside the claims that every token has. */
  readonly claims: readonly OptionalClaim[];
  readonly policy: Policy;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** A new `jti`. */
  readonly randomId: () => string;
}

export type OptionalClaim = 'groups';

/** `too long`: there are none in the token, which would be longer than any may be. `incomplete`: some could not be looked up. */
export type GroupsFault = 'too long' | 'incomplete';

/** Why a right password got no token, for the audit log; the client sees `access denied`. */
export type Denial = AccessRefusal | 'unknown user' | 'reserved name' | 'unusable name';

/** The result with what the supervisor audits. `detail` is never shown to a client. */
export type IssueResult =
  | {
      readonly outcome: 'issued';
      readonly token: string;
      readonly jti: string;
      readonly uid: string;
      readonly username: string;
      /** Seconds since the epoch. */
      readonly expiresAt: number;
      /** What is the matter with the groups in the token, where there were to be some. */
      readonly groupsFault?: GroupsFault;
      readonly messages: readonly string[];
      readonly detail: PamDetail;
    }
  | {
      readonly outcome: 'refused';
      /** Only after the right password. */
      readonly reason?: AccountReason;
      /** Present when not PAM but a rule of this daemon refused. */
      readonly denial?: Denial;
      readonly messages: readonly string[];
      readonly detail: PamDetail;
    }
  | { readonly outcome: 'prompted'; readonly prompts: readonly Prompt[]; readonly detail: PamDetail };

/**
 * Overwrites the responses of the request. Rejects with UnavailableError when it could not be decided, with PamhookError
 * ERR_PROTOCOL when lifetime or audience are none that the front may ask for.
 */
export type IssueToken = (request: LoginRequest) => Promise<IssueResult>;

type Accepted = Extract<PamAnswer, { outcome: 'accepted' }>;

export function createIssueToken(options: IssueTokenOptions): IssueToken {
  return async (request) => {
    const { answer, choice } = authenticate(request, options);
    if (answer.outcome !== 'accepted') return answer;
    if (isReserved(answer.username)) return denied(answer, 'reserved name');
    const identity = await options.identities.find(answer.username);
    const denial = denialOf(identity, options.policy);
    return identity === undefined || denial !== undefined
      ? denied(answer, denial ?? 'unknown user')
      : issued(answer, identity, choice, options);
  };
}

function authenticate(request: LoginRequest, options: IssueTokenOptions) {
  const { username, responses, source } = request;
  try {
    const choice = checkChoice(request, options);
    return { answer: options.pam.ask({ username, responses, remoteHost: source }), choice };
  } finally {
    for (const response of responses) response.wipe();
  }
}

/** What a client may choose of its token. */
interface Choice {
  /** Seconds. */
  readonly lifetime: number;
  readonly audience: readonly string[];
}

/** Throws PamhookError with ERR_PROTOCOL for what the front may not ask for. */
export function checkChoice(
  { lifetime, audience }: Pick<LoginRequest, 'lifetime' | 'audience'>,
  { defaultLifetime, maxLifetime, audience: configured }: ChoiceOptions,
): Choice {
  return {
    lifetime: checkLifetime(lifetime ?? defaultLifetime, maxLifetime),
    audience: audience === undefined ? configured : checkAudience(audience, configured),
  };
}

/** In the order of the configuration. */
function checkAudience(wanted: readonly string[], configured: readonly string[]): readonly string[] {
  if (wanted.length > 0 && wanted.every((audience) => configured.includes(audience))) {
    return configured.filter((audience) => wanted.includes(audience));
  }
  throw new PamhookError('ERR_PROTOCOL', 'a token was asked for with an audience that is not configured, or with none');
}

function checkLifetime(lifetime: number, longest: number): number {
  if (Number.isSafeInteger(lifetime) && lifetime >= 1 && lifetime <= longest) return lifetime;
  throw new PamhookError('ERR_PROTOCOL', `a token lifetime outside of 1 to ${longest} s was asked for`);
}

/** The name is NSS's from here on: the account's own spelling, which need not be the one PAM ended with. */
export function denialOf(identity: Identity | undefined, policy: AccessPolicy): Denial | undefined {
  if (identity === undefined) return 'unknown user';
  if (isReserved(identity.username)) return 'reserved name';
  return isUsername(identity.username) ? judgeAccess(identity, policy) : 'unusable name';
}

function denied({ messages, detail }: Accepted, denial: Denial): IssueResult {
  return { outcome: 'refused', reason: 'access denied', denial, messages, detail };
}

function issued(answer: Accepted, identity: Identity, choice: Choice, options: IssueTokenOptions): IssueResult {
  const { issuer, now, randomId } = options;
  const { username, uid } = identity;
  const claims = makeClaims({ username, uid, issuer, ...choice, now: now(), jti: randomId() });
  const { token, groupsFault } = signed(claims, identity, options);
  const messages = groupsFault === undefined ? answer.messages : [groupsNotes[groupsFault], ...answer.messages];
  const { jti, exp: expiresAt } = claims;
  const fault = groupsFault === undefined ? {} : { groupsFault };
  return { outcome: 'issued', token, jti, uid, username, expiresAt, ...fault, messages, detail: answer.detail };
}

/** For the client, who would else only meet what is forbidden. */
const groupsNotes: Readonly<Record<GroupsFault, string>> = {
  'too long': `Your groups are not in this token: with them it would be longer than ${MAX_TOKEN_CHARACTERS} characters.`,
  incomplete: 'Some of your groups may be missing in this token: they could not be looked up.',
};

/** Names as the system has them: whoever verifies the token puts prefixes of its own before them. */
function signed(
  claims: TokenClaims,
  { groups, incomplete }: Identity,
  { signer, claims: wanted, policy }: IssueTokenOptions,
): { readonly token: string; readonly groupsFault?: GroupsFault } {
  if (!wanted.includes('groups')) return { token: signer.sign(claims) };
  const token = signer.sign({ ...claims, groups: groupsPassedOn(groups, policy.groupsFilter) });
  if (token.length > MAX_TOKEN_CHARACTERS) return { token: signer.sign(claims), groupsFault: 'too long' };
  return incomplete ? { token, groupsFault: 'incomplete' } : { token };
}
