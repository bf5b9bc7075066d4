/** A login from the password to the token: what PAM asks besides, mistakes, waiting, and what is wrong with the result. */
import { setTimeout as delay } from 'node:timers/promises';
import type { Secret } from '../../secret.js';
import type { KeptToken } from '../cache/entry.js';
import { LoginFailure } from '../failure.js';
import type { ClientIo } from '../io.js';
import { printable } from '../printable.js';
import type { ClientSettings } from '../settings.js';
import { noteClock } from './clock.js';
import { openResponses, type Responses } from './responses.js';
import { askForToken, type Outcome } from './server.js';

const MOST_PASSWORDS = 3;
/** As pamhook takes them in one login. */
const MOST_FURTHER = 8;
/** Seconds: of one wait, and of all of them. */
const LONGEST_WAIT = 120;
/** Requests that pamhook could not answer; a second lies between two of them. */
const MOST_UNAVAILABLE = 5;

type Decided = Extract<Outcome, { outcome: 'issued' | 'refused' }>;

/** Throws LoginFailure, Interrupted. */
export async function logIn(settings: ClientSettings, io: ClientIo): Promise<KeptToken> {
  const responses = await openResponses(settings, io);
  try {
    for (let left = MOST_PASSWORDS; ; ) {
      const decided = await withPassword(settings, io, responses);
      if (decided.outcome === 'issued') return kept(decided, settings, io);
      left -= 1;
      if (decided.reason !== undefined) throw notAllowed(decided.reason, decided.help, settings);
      if (!responses.canAskAgain || left === 0) throw wrongPassword(settings, decided.help);
      io.stderr.write(`${io.program}: wrong user name or password, or one-time code\n`);
    }
  } finally {
    responses.close();
  }
}

/** One password, with as many further responses as PAM asks for. */
async function withPassword(settings: ClientSettings, io: ClientIo, source: Responses): Promise<Decided> {
  const given: Secret[] = [await source.password()];
  try {
    while (true) {
      const outcome = await answered(settings, io, given);
      if (outcome.outcome !== 'prompted') return outcome;
      if (given.length + outcome.prompts.length > 1 + MOST_FURTHER) {
        throw new LoginFailure(`pamhook asks for more than ${MOST_FURTHER} responses besides the password`);
      }
      given.push(...(await source.further(outcome.prompts)));
    }
  } finally {
    for (const secret of given) secret.wipe();
  }
}

/** Waits as long as pamhook wants it to, within bounds. */
async function answered(
  settings: ClientSettings,
  { program, stderr }: ClientIo,
  given: readonly Secret[],
): Promise<Exclude<Outcome, { outcome: 'throttled' | 'unavailable' }>> {
  let waited = 0;
  for (let unavailable = 0; ; ) {
    const outcome = await askForToken(settings, given);
    if (outcome.outcome === 'throttled') {
      const { retryAfter } = outcome;
      waited += retryAfter;
      if (waited > LONGEST_WAIT) throw tooManyFailures(retryAfter);
      stderr.write(`${program}: too many failed logins; waiting for ${retryAfter} s, Ctrl-C ends that\n`);
      await delay(retryAfter * 1000);
    } else if (outcome.outcome === 'unavailable') {
      unavailable += 1;
      if (unavailable === MOST_UNAVAILABLE) throw cannotLogIn(settings);
      await delay(1000);
    } else {
      return outcome;
    }
  }
}

function kept(issued: Extract<Outcome, { outcome: 'issued' }>, settings: ClientSettings, io: ClientIo): KeptToken {
  for (const message of issued.messages) io.stderr.write(`${printable(message)}\n`);
  noteClock(issued, io);
  const { token, expirationTimestamp, username } = issued;
  return { token, expirationTimestamp, username, server: settings.server.href };
}

function wrongPassword({ username, server }: ClientSettings, help: string | undefined): LoginFailure {
  return new LoginFailure(
    `${server.host} does not let ${username} in: wrong user name or password, or one-time code`,
    help ?? 'see whether --username is right; an account may also be locked',
  );
}

const CURES: Readonly<Record<string, string>> = {
  'password expired': 'change it where you log in otherwise, with passwd for instance, and come again',
  'account expired': 'whoever runs the accounts can prolong it',
  'access denied': 'whoever runs pamhook can tell why',
};

/** What the operator has to say about it goes before what is known here. */
function notAllowed(reason: string, help: string | undefined, { username, server }: ClientSettings): LoginFailure {
  return new LoginFailure(
    `the password is right, but ${server.host} does not let ${username} in: ${reason}`,
    help ?? CURES[reason] ?? CURES['access denied'],
  );
}

function tooManyFailures(seconds: number): LoginFailure {
  return new LoginFailure('too many failed logins', `come again in ${seconds} s; until then no password is looked at`);
}

function cannotLogIn({ server }: ClientSettings): LoginFailure {
  return new LoginFailure(
    `${server.host} cannot log anybody in now`,
    'try again in a while, or tell whoever runs it: its log says why',
  );
}
