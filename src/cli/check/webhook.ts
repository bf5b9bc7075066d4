/** `pamhook check --webhook-config`: calls a running pamhook as kube-apiserver would, and says what that would make of the answer. */
import { randomBytes } from 'node:crypto';
import { asJson } from '../../config/quote.js';
import { ConfigurationError } from '../../errors.js';
import { MAX_TOKEN_CHARACTERS } from '../../token/claims.js';
import type { CommandIo } from '../command.js';
import { type Finding, fault, ok, warning } from './finding.js';
import { type ReviewedStatus, understand } from './webhook-answer.js';
import { type Asked, callWebhook, type WebhookVersion } from './webhook-call.js';
import { readWebhookConfig, type WebhookTarget } from './webhook-config.js';

export interface WebhookQuestion {
  readonly file: string;
  readonly version: WebhookVersion;
  /** What the API server says of itself (--api-audiences); empty: nothing. */
  readonly audiences: readonly string[];
  /** Whether a token comes on standard input. */
  readonly token: boolean;
}

const DAY = 24 * 60 * 60 * 1000;
const RENEW_WITHIN = 14 * DAY;
const LONGEST_INPUT = 4 * MAX_TOKEN_CHARACTERS;

/** `now`: milliseconds since the epoch. Throws ConfigurationError when there is no token on standard input. */
export async function webhookFindings(
  { file, token, ...review }: WebhookQuestion,
  { stdin }: Pick<CommandIo, 'stdin'>,
  now: number,
): Promise<Finding[]> {
  const given = token ? await readToken(stdin) : undefined;
  const read = readTarget(file);
  if ('level' in read) return [read];
  const found = configFindings(file, read, now);
  const unknown = await unknownFinding(read, { ...review, token: madeUpToken() });
  if (given === undefined) return [...found, unknown];
  if (unknown.level === 'fault') return [...found, unknown, notAsked()];
  return [...found, unknown, await tokenFinding(read, { ...review, token: given })];
}

function readTarget(file: string): WebhookTarget | Finding {
  try {
    return readWebhookConfig(file);
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error;
    return fault('webhook-config', error.message, error.cure ?? '');
  }
}

function configFindings(
  file: string,
  { host, port, path, insecure, client, left }: WebhookTarget,
  now: number,
): Finding[] {
  const shown = client === undefined ? 'without a client certificate' : 'with a client certificate';
  const found = [ok('webhook-config', `${file}: host ${host}, port ${port}, path ${path}, ${shown}`)];
  if (insecure)
    found.push(
      warning(
        'webhook-config',
        'insecure-skip-tls-verify: whoever redirects the connection is believed',
        'give a certificate-authority',
      ),
    );
  if (left.length > 0)
    found.push(
      warning('webhook-config', `not followed here: ${left.join(', ')}`, 'take out what pamhook does not need'),
    );
  if (client !== undefined) found.push(...clientDates(Date.parse(client.certificate.validTo), now));
  return found;
}

function clientDates(validTo: number, now: number): Finding[] {
  const until = new Date(validTo).toISOString();
  if (validTo < now) return [fault('webhook-config', `the client certificate expired on ${until}`, 'renew it')];
  if (validTo - now < RENEW_WITHIN)
    return [warning('webhook-config', `the client certificate expires on ${until}`, 'renew it')];
  return [];
}

/** Of the form of a token, and signed by nobody. */
function madeUpToken(): string {
  const header = Buffer.from(JSON.stringify({ alg: 'ES256', typ: 'JWT' })).toString('base64url');
  return `${header}.${randomBytes(48).toString('base64url')}.${randomBytes(64).toString('base64url')}`;
}

async function unknownFinding(target: WebhookTarget, asked: Asked): Promise<Finding> {
  const answer = understand(await callWebhook(target, asked), target, asked);
  if ('says' in answer) return fault('webhook', answer.says, answer.cure);
  if (answer.authenticated)
    return fault('webhook', 'yes to a token that nobody has issued', 'do not use this server: it lets everybody in');
  if (answer.error !== undefined) return fault('webhook', unchecked(answer.error, asked), 'see the log of pamhook');
  return ok('webhook', `answers TokenReviews of ${asked.version}, with no to a token that nobody has issued`);
}

async function tokenFinding(target: WebhookTarget, asked: Asked): Promise<Finding> {
  const subject = 'webhook-token';
  const answer = understand(await callWebhook(target, asked), target, asked);
  if ('says' in answer) return fault(subject, answer.says, answer.cure);
  // kube-apiserver lets in whoever is authenticated, whatever error stands beside it.
  if (answer.authenticated) return yesFinding(answer, asked);
  if (answer.error !== undefined)
    return fault(subject, unchecked(answer.error, asked), 'see the log of pamhook; kube-apiserver tries again');
  return fault(subject, 'no: the token is refused', 'pamhook verify, with the options of the daemon, says why');
}

function yesFinding({ user, audiences }: ReviewedStatus, { audiences: wanted }: Asked): Finding {
  const { username, uid, groups } = user;
  const who = asJson({ username, uid, groups });
  const shared = audiences.length === 0 || wanted.length === 0 || audiences.some((each) => wanted.includes(each));
  if (shared) return ok('webhook-token', `yes: ${who}`);
  return fault(
    'webhook-token',
    `yes: ${who}, but for the audiences ${asJson(audiences)} alone, so that kube-apiserver refuses it`,
    'configure an audience that --api-audiences has too',
  );
}

function unchecked(error: string, { token }: Asked): string {
  return `could not check: ${asJson(error.replaceAll(token, '[token]').slice(0, 256))}`;
}

function notAsked(): Finding {
  return fault('webhook-token', 'not asked: the webhook cannot be used', 'correct what is said of webhook first');
}

/** Without the white space around it: a newline ends what curl writes to a file. */
async function readToken(stdin: CommandIo['stdin']): Promise<string> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of stdin ?? []) {
    chunks.push(Buffer.from(chunk as Uint8Array));
    length += chunk.length;
    if (length > LONGEST_INPUT) throw new ConfigurationError('standard input is longer than any token');
  }
  const token = Buffer.concat(chunks).toString('utf8').trim();
  if (token === '')
    throw new ConfigurationError('there is no token on standard input', 'write one there, as pamhook /token gives it');
  return token;
}
