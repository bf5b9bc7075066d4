/** `pamhook check --user`: one login as a PAM worker would do it, told in full; as that needs root, so does this. */

import type { Identity } from '../../identity/identity.js';
import { createSystemIdentitySource } from '../../identity/system.js';
import type { PamMessage, PamPrompt, PamStage, PamTransactionResult } from '../../native/native.js';
import { canBeAsked, PAM_TTY } from '../../pam/libpam.js';
import { accountReason, meaningOf } from '../../pam/return-codes.js';
import { policyOf } from '../../privsep/policies.js';
import type { Secret } from '../../secret.js';
import { type Denial, denialOf } from '../../token/issue-token.js';
import { presentNames } from '../../token/policy.js';
import { isReserved } from '../../token/user-name.js';
import { examine, type Finding, fault, ok, type Setup } from './finding.js';
import type { Responses } from './responses.js';

export interface LoginReport {
  readonly user: string;
  readonly service: string;
  readonly stages: readonly { readonly stage: PamStage; readonly code: string }[];
  readonly prompts: readonly (PamPrompt & { readonly answered: boolean })[];
  readonly messages: readonly PamMessage[];
  /** Milliseconds of the last transaction. */
  readonly elapsed: number;
  readonly identity?: Identity;
}

/** PAM_RHOST: the login comes from here. */
const SOURCE = '127.0.0.1';
const STAGES: readonly PamStage[] = ['start', 'items', 'authenticate', 'account', 'user'];

/** Asks for responses until PAM has none to ask for or nobody answers. Throws ConfigurationError. */
export async function loginFindings(
  user: string,
  responses: Responses,
  setup: Setup,
): Promise<{ readonly findings: readonly Finding[]; readonly report: LoginReport | undefined }> {
  const given = [...responses.first(user)];
  try {
    if (!canBeAsked({ username: user, responses: given })) return { findings: [notAsked()], report: undefined };
    const { result, elapsed } = transact(user, given, responses, setup);
    const { pamServiceName: service, pamTimeout } = setup.settings;
    const identity =
      meaningOf(result.code) === 'success' ? await identityFindings(result.user ?? '', setup) : undefined;
    const findings = [
      ...(identity?.findings ?? [refusal(user, result, setup.isRoot)]),
      ...(elapsed > pamTimeout ? [tooSlow(elapsed, pamTimeout)] : []),
    ];
    return { findings, report: { ...reportOf(user, service, result, elapsed), ...identity?.shown } };
  } finally {
    for (const response of given) response.wipe();
  }
}

/** A prompt that has no response ends the transaction: with one more it is begun anew. */
function transact(user: string, given: Secret[], responses: Responses, { settings, native }: Setup) {
  while (true) {
    const start = performance.now();
    const result = native.pamTransaction({
      service: settings.pamServiceName,
      user,
      responses: given.map((response) => response.bytes()),
      remoteHost: SOURCE,
      tty: PAM_TTY,
      configDir: settings.pamConfigDir,
      authenticate: true,
    });
    const elapsed = Math.round(performance.now() - start);
    const more = isWaiting(result) ? responses.further(result.unanswered) : undefined;
    if (more === undefined) return { result, elapsed };
    given.push(...more);
    // Also when there are more than PAM takes.
    if (!canBeAsked({ username: user, responses: given })) return { result, elapsed };
  }
}

function isWaiting({ code, stage, unanswered }: PamTransactionResult): boolean {
  return unanswered.length > 0 && stage === 'authenticate' && meaningOf(code) !== 'success';
}

function reportOf(user: string, service: string, result: PamTransactionResult, elapsed: number): LoginReport {
  const passed = STAGES.slice(0, STAGES.indexOf(result.stage)).map((stage) => ({ stage, code: 'PAM_SUCCESS' }));
  const asked = (prompts: readonly PamPrompt[], answered: boolean) =>
    prompts.map(({ text, echo }) => ({ text, echo, answered }));
  return {
    user,
    service,
    stages: [...passed, { stage: result.stage, code: result.code }],
    prompts: [...asked(result.answered, true), ...asked(result.unanswered, false)],
    messages: result.messages,
    elapsed,
  };
}

/** Who Kubernetes would be told the user is. `name`: what PAM ended with. */
async function identityFindings(name: string, { native, settings }: Setup) {
  const policy = policyOf(settings);
  const found = await examine('login', async (log) => {
    const timeout = settings.identityTimeout;
    const identity = await createSystemIdentitySource({ native, log, timeout }).find(name);
    return { identity, denial: isReserved(name) ? ('reserved name' as const) : denialOf(identity, policy) };
  });
  if (found.value === undefined) return { findings: found.findings, shown: {} };
  const { identity, denial } = found.value;
  if (identity === undefined || denial !== undefined)
    return { findings: [denied(name, denial ?? 'unknown user')], shown: {} };
  const names = presentNames(identity, policy);
  if (names === 'reserved name') return { findings: [denied(name, names)], shown: {} };
  const { uid } = identity;
  const shown = { identity: { ...names, uid } };
  const says = `right: a review would say ${names.username}, uid ${uid}, groups ${names.groups.join(', ')}`;
  return { findings: [ok('login', says)], shown };
}

const DENIALS: Readonly<Record<Denial, string>> = {
  'unknown user': 'make the account known to NSS: getent passwd must show it',
  'reserved name': 'use another account: names that begin with system: are for Kubernetes alone',
  'not in allow-groups': 'put the account into one of the groups of allow-groups, or name one of its groups there',
  'uid below min-uid': 'lower min-uid, if accounts of the system are to get tokens',
  'unusable name': 'use another account: its name has control characters or is too long',
};

function denied(name: string, denial: Denial): Finding {
  return fault(
    'login',
    `the password is right, but a token is refused to ${JSON.stringify(name)}: ${denial}`,
    DENIALS[denial],
  );
}

function notAsked(): Finding {
  const says = 'refused before PAM: a name or response is empty, longer than 511 bytes or holds a NUL';
  return fault('login', says, 'enter a password');
}

function tooSlow(elapsed: number, bound: number): Finding {
  return fault(
    'login',
    `PAM took ${elapsed} ms, and pam-timeout is ${bound} ms`,
    'find the slow module, or raise pam-timeout',
  );
}

function refusal(user: string, { code, stage, unanswered }: PamTransactionResult, isRoot: boolean): Finding {
  const at = `${code} at stage ${stage}`;
  if (stage === 'account' && meaningOf(code) === 'refusal') {
    const cure =
      ACCOUNT_CURES[code] ?? `ask the account lines of the service why: pam_access, pam_succeed_if and their like`;
    return fault('login', `the password is right, but ${accountReason(code)} (${at})`, cure.replace('USER', user));
  }
  if (unanswered.length > 0) {
    const says = `refused for want of a response: ${unanswered.length} unanswered (${at})`;
    return fault('login', says, 'give a response to each prompt, one a line');
  }
  if (meaningOf(code) === 'refusal') {
    const cure = isRoot
      ? 'is the password right, the account locked (passwd -S), or the user unknown? See the log of authentication'
      : NEEDS_ROOT;
    return fault('login', `refused (${at})`, cure);
  }
  return fault('login', `PAM could not tell (${at}): logins are answered with 503`, isRoot ? LOOK : NEEDS_ROOT);
}

const NEEDS_ROOT = 'run this as root: pam_unix checks only the password of the user who asks';
const LOOK = 'see the log of authentication for what the module says';
const ACCOUNT_CURES: Readonly<Record<string, string>> = {
  PAM_ACCT_EXPIRED: 'chage -E -1 USER, if the account shall be used again',
  PAM_NEW_AUTHTOK_REQD: 'the user changes the password: passwd USER',
  PAM_AUTHTOK_EXPIRED: 'set a new password: passwd USER',
};
