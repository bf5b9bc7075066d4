/** What `pamhook verify` prints of a token: never its signature, nothing that a terminal would obey. */
import { formatDuration } from '../../config/duration.js';
import { asJson } from '../../config/quote.js';
import { LEEWAY, MAX_TOKEN_CHARACTERS } from '../../token/claims.js';
import type { ReviewRefusal } from '../../token/review.js';
import { explain } from '../command.js';
import type { Examination } from './examination.js';

const MEANING: Readonly<Record<ReviewRefusal, string>> = {
  'too long': `it has more than ${MAX_TOKEN_CHARACTERS} characters`,
  malformed: 'it is not a JWT in the one spelling that pamhook takes',
  'unsupported header': 'its header has other members than alg, kid and typ, or another typ than JWT',
  'unknown key': 'none of the keys given has its kid',
  'wrong algorithm': 'its alg is not the algorithm of the key',
  'bad signature': 'its signature is not that of the key',
  'bad claims': 'a claim is missing, or not of its type',
  'wrong issuer': 'its iss is not server-name',
  expired: 'its exp has passed',
  'not yet valid': `its nbf or iat is more than ${LEEWAY} s ahead of the clock`,
  'wrong audience': 'its aud does not agree with audience and with the audiences asked for',
  'reserved name': 'names that begin with system:, before or after username-prefix, belong to Kubernetes',
  'unknown user': 'this machine knows no account of exactly this name',
  'another uid': 'the account has another uid than the token was issued for',
  'uid below min-uid': 'min-uid lets no account with so small a uid in',
  'not in allow-groups': 'the account is a member of none of allow-groups',
  'header not believed': 'a proxy vouched for its user, and user-header is not set',
  'account not allowed': "PAM's account phase refuses the account (review-account-check)",
};

const TIMES: readonly string[] = ['iat', 'nbf', 'exp'];

export type Answer = 'yes' | 'no' | 'could not check';

export function answerOf({ result }: Examination): Answer {
  if ('fault' in result) return 'could not check';
  return result.authenticated ? 'yes' : 'no';
}

/** `now`: milliseconds since the epoch. */
export function examinationText(examination: Examination, now: number): string {
  const { header, claims, signed } = examination;
  const claimLines = Object.entries(claims ?? {}).map(([name, value]) => {
    const time = timeText(name, value, now);
    return `${signed ? 'claim' : 'claim (not verified)'} ${nameText(name)}: ${asJson(value)}${time ? ` (${time})` : ''}`;
  });
  const lines = [
    `header: ${header === undefined ? 'not to be read' : asJson(header)}`,
    `key: ${keyText(examination)}`,
    ...(claims === undefined ? ['claims: not to be read'] : claimLines),
    ...answerLines(examination),
  ];
  return `${lines.join('\n')}\n`;
}

/** One line. `now`: milliseconds since the epoch. */
export function examinationJson(examination: Examination, now: number): string {
  const { header, claims, key, signed, result } = examination;
  const times = Object.entries(claims ?? {}).map(([name, value]) => [name, timeText(name, value, now)] as const);
  const shown = {
    header,
    key,
    signed,
    claims,
    times: Object.fromEntries(times.filter(([, time]) => time !== undefined)),
    answer: answerOf(examination),
    ...('fault' in result ? { reason: explain(result.fault) } : reviewed(result)),
  };
  return `${asJson(shown)}\n`;
}

function reviewed(result: Exclude<Examination['result'], { fault: unknown }>) {
  if (!result.authenticated) return { reason: result.refusal, meaning: MEANING[result.refusal] };
  return { user: result.user, audiences: result.audiences };
}

function keyText({ header, key, signed }: Examination): string {
  if (header === undefined) return 'none is named';
  if (key === undefined) return 'none of those given';
  const origins = key.origins.map((origin) => asJson(origin).slice(1, -1)).join(', ');
  return `${key.kid}, ${key.algorithm}, ${origins}; ${signed ? 'signed with it' : 'not signed with it'}`;
}

function answerLines(examination: Examination): string[] {
  const { result } = examination;
  const answer = answerOf(examination);
  if ('fault' in result) return [`answer: ${answer}: ${explain(result.fault)}`];
  if (!result.authenticated) return [`answer: ${answer}: ${result.refusal}: ${MEANING[result.refusal]}`];
  const { user, audiences } = result;
  return [
    `answer: ${answer}`,
    ...(['username', 'uid', 'groups', 'extra'] as const)
      .filter((name) => user[name] !== undefined)
      .map((name) => `user ${name}: ${asJson(user[name])}`),
    `audiences: ${audiences === undefined ? 'left out, which kube-apiserver takes as its own' : asJson(audiences)}`,
  ];
}

/** A claim's name as it is where it is plain. */
function nameText(name: string): string {
  return /^\w+$/.test(name) ? name : asJson(name);
}

/** RFC 3339, and how far from now; undefined: not a time. */
function timeText(name: string, value: unknown, now: number): string | undefined {
  if (!TIMES.includes(name) || typeof value !== 'number') return undefined;
  const date = new Date(value * 1000);
  if (Number.isNaN(date.getTime())) return undefined;
  const seconds = Math.floor(Math.abs(date.getTime() - now) / 1000);
  const distance = formatDuration(seconds * 1000);
  return `${date.toISOString().replace('.000Z', 'Z')}, ${date.getTime() <= now ? `${distance} ago` : `in ${distance}`}`;
}
