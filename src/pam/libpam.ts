/** The PAM port on real libpam: which question reaches it, and what its code means; runs in the PAM worker. */
import { UnavailableError } from '../errors.js';
import { isPlainText, MAX_RESPONSES, MAX_TEXT_BYTES } from '../native/arguments.js';
import type { Native, PamTransactionResult } from '../native/native.js';
import type { AccountAnswer, Pam, PamAnswer, PamDetail, PamQuestion } from './pam.js';
import { accountReason, meaningOf } from './return-codes.js';

/** PAM_TTY: modules such as pam_access want one; there is no terminal. */
export const PAM_TTY = 'pamhook';

export interface LibpamSettings {
  readonly native: Pick<Native, 'pamTransaction'>;
  readonly service: string;
  /** A directory of service files in place of the system's. */
  readonly configDir: string | undefined;
  /** PAM_TTY. */
  readonly tty: string;
}

/** Of the PAM port's UnavailableError: what libpam said. */
export class PamFault extends Error {
  readonly detail: PamDetail;

  constructor(detail: PamDetail) {
    super(`${detail.code} at stage ${detail.stage}`);
    this.name = 'PamFault';
    this.detail = detail;
  }
}

const NOT_ASKED_DETAIL: PamDetail = { code: 'NOT_ASKED', stage: 'start', failDelay: 0 };
const NOT_ASKED: PamAnswer = { outcome: 'refused', messages: [], detail: NOT_ASKED_DETAIL };

/**
 * Modules cut at a NUL and at 511 bytes, so that a longer password would match its beginning; and an empty one lets
 * an account without a password in under `nullok`.
 */
export function canBeAsked(question: Pick<PamQuestion, 'username' | 'responses'>): boolean {
  if (!isPlainText(question.username)) return false;
  const responses = question.responses.map((response) => response.bytes());
  if (responses[0] === undefined || responses[0].length === 0 || responses.length > MAX_RESPONSES) return false;
  return responses.every((response) => response.length <= MAX_TEXT_BYTES && !response.includes(0));
}

function detailOf(result: PamTransactionResult): PamDetail {
  return { code: result.code, stage: result.stage, failDelay: result.failDelay / 1000 };
}

function unavailable(detail: PamDetail): UnavailableError {
  return new UnavailableError('ERR_PAM_UNAVAILABLE', 'PAM could not tell', { cause: new PamFault(detail) });
}

const textsOf = (result: PamTransactionResult): string[] => result.messages.map((message) => message.text);

function accepted(result: PamTransactionResult): PamAnswer {
  const detail = detailOf(result);
  const username = result.user;
  // Control characters (C0, DEL, C1) in a name a module has made up would end up in tokens and logs.
  if (username === undefined || !isPlainText(username) || /\p{Cc}/u.test(username)) {
    throw unavailable({ ...detail, code: 'PAM_BAD_ITEM', stage: 'user' });
  }
  return { outcome: 'accepted', username, messages: textsOf(result), detail };
}

function refused(result: PamTransactionResult): PamAnswer {
  const detail = detailOf(result);
  if (result.stage === 'authenticate') return { outcome: 'refused', messages: [], detail };
  return { outcome: 'refused', reason: accountReason(result.code), messages: textsOf(result), detail };
}

function answerOf(result: PamTransactionResult): PamAnswer {
  const meaning = meaningOf(result.code);
  if (meaning === 'success') return accepted(result);
  // A prompt that an optional module did without does not explain a refusal of the account.
  if (meaning === 'refusal' && result.stage === 'account') return refused(result);
  if (result.unanswered.length > 0) {
    return { outcome: 'prompted', prompts: result.unanswered, detail: detailOf(result) };
  }
  if (meaning === 'refusal' && result.stage === 'authenticate') return refused(result);
  throw unavailable(detailOf(result));
}

function accountAnswerOf(result: PamTransactionResult): AccountAnswer {
  const meaning = meaningOf(result.code);
  if (meaning === 'success') return { outcome: 'allowed' };
  if (meaning === 'refusal' && result.stage === 'account') {
    return { outcome: 'refused', reason: accountReason(result.code), detail: detailOf(result) };
  }
  throw unavailable(detailOf(result));
}

/** A PAM on libpam. Its questions block their thread. */
export function createPam({ native, service, configDir, tty }: LibpamSettings): Pam {
  return {
    ask(question) {
      if (!canBeAsked(question)) return NOT_ASKED;
      const result = native.pamTransaction({
        service,
        user: question.username,
        responses: question.responses.map((response) => response.bytes()),
        remoteHost: question.remoteHost,
        tty,
        configDir,
        authenticate: true,
      });
      return answerOf(result);
    },
    checkAccount(username) {
      if (!isPlainText(username)) return { outcome: 'refused', reason: 'access denied', detail: NOT_ASKED_DETAIL };
      const transaction = { service, user: username, responses: [], tty, configDir, authenticate: false };
      // kube-apiserver asks, and is not where the user is: no host rather than a wrong one.
      return accountAnswerOf(native.pamTransaction({ ...transaction, remoteHost: undefined }));
    },
  };
}
