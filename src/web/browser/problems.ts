/** What the page says when there is no token; runs in the browser, and in the front for pages without script. */
import { spanInWords } from './spans.js';

export type Problem =
  | { readonly kind: 'refused'; readonly reason?: string; readonly help?: string }
  /** Seconds. */
  | { readonly kind: 'throttled'; readonly wait: number }
  | { readonly kind: 'prompted' }
  | { readonly kind: 'unavailable' }
  | { readonly kind: 'unreachable' }
  | { readonly kind: 'cross-site' }
  | { readonly kind: 'invalid'; readonly fault: string };

export interface Words {
  readonly title: string;
  readonly text: string;
  /** The operator's. */
  readonly help?: string;
}

/** What `POST /login` answers to a form of another site. */
export const CROSS_SITE = 'Cross-site request refused';

/** What is answered to whom a proxy has let in, and no policy lets have a token. */
const DENIED = 'Access denied';

/** The body of an answer in JSON that is no token. */
export interface ErrorBody {
  readonly error?: string;
  readonly reason?: string;
  readonly help?: string;
  readonly prompts?: readonly unknown[];
}

/** `wait`: seconds, where the answer says when to come again. */
export function problemOf(status: number, { error = '', reason, help, prompts }: ErrorBody, wait: number): Problem {
  if (prompts !== undefined) return { kind: 'prompted' };
  switch (status) {
    case 403:
      if (error === CROSS_SITE) return { kind: 'cross-site' };
      if (error === DENIED) return { kind: 'refused', reason: 'access denied' };
      return { kind: 'refused', ...(reason !== undefined && { reason }), ...(help !== undefined && { help }) };
    case 429:
      return { kind: 'throttled', wait };
    case 400:
    case 413:
    case 415:
      return { kind: 'invalid', fault: error };
    default:
      return { kind: 'unavailable' };
  }
}

const REASONS: Readonly<Record<string, string>> = {
  'account expired': 'The password is right, but this account has expired. Ask whoever runs it to extend it.',
  'password expired': 'The password is right, but it has expired. Set a new one, then sign in with that.',
  'access denied': 'This account may not have a token here. Ask whoever runs the cluster.',
};

export function wordsFor(problem: Problem): Words {
  switch (problem.kind) {
    case 'refused':
      return refused(problem);
    case 'throttled':
      return {
        title: 'Too many failed logins',
        text: `No login is taken from here for another ${spanInWords(problem.wait)}, not even with the right password.`,
      };
    case 'prompted':
      return { title: 'One more step', text: 'Your system asks for something else beside the password.' };
    case 'unavailable':
      return {
        title: 'Could not check',
        text: 'Your login could not be checked just now. That says nothing about your password: try again in a moment.',
      };
    case 'unreachable':
      return { title: 'No answer', text: 'pamhook cannot be reached. Look at your connection, then try again.' };
    case 'cross-site':
      return {
        title: 'Not from this page',
        text: 'That login was sent by another site, and was not looked at. Sign in here, if you want to.',
      };
    case 'invalid':
      return { title: 'Not understood', text: problem.fault };
  }
}

function refused({ reason, help }: Problem & { kind: 'refused' }): Words {
  if (reason === undefined) {
    return {
      title: 'Not signed in',
      text: 'The user name, the password or a code is wrong, or the account is locked.',
    };
  }
  const title = `${reason.charAt(0).toUpperCase()}${reason.slice(1)}`;
  const text = REASONS[reason] ?? 'The password is right, but this account may not sign in now.';
  return { title, text, ...(help === undefined ? {} : { help }) };
}

/** Text, and the web addresses in it. */
export function linkParts(text: string): readonly { readonly text: string; readonly link: boolean }[] {
  return text
    .split(/(https?:\/\/[^\s<>"']*[^\s<>"'.,;:!?)\]])/)
    .map((part, index) => ({ text: part, link: index % 2 === 1 }))
    .filter((part) => part.text !== '');
}
