/** `POST /authenticate`: kube-apiserver's webhook, answered by the front before Express, which would cost more than the review. */
import type { IncomingMessage } from 'node:http';
import { type ErrorCode, PamhookError } from '../errors.js';
import type { Logger } from '../log/logger.js';
import type { Review, ReviewRefusal, ReviewResult } from '../token/review.js';
import { type AnswerBytes, createAnswerTexts } from './answer-texts.js';
import { type BodyFault, type BodyLimits, readBody } from './body.js';
import { type BodyRoom, createBodyRoom } from './body-room.js';
import { type Bounds, bounds as defaultBounds } from './bounds.js';
import type { Handler, RequestContext } from './request-context.js';
import { createReviewForms, type ReviewForms } from './review-form.js';
import { byteString, kubernetesStatus, sendBytes } from './status.js';
import {
  parseTokenReview,
  type TokenReviewFault,
  type TokenReviewRequest,
  type TokenReviewVersion,
  tokenReview,
} from './token-review.js';

/** How a review ended, for counting. */
export type ReviewOutcome =
  | { readonly answer: 'yes'; readonly source: string }
  | { readonly answer: 'no'; readonly refusal: ReviewRefusal; readonly source: string }
  | { readonly answer: 'unavailable'; readonly code: ErrorCode; readonly source: string };

export interface AuthenticateOptions {
  readonly review: Review;
  /** With how many milliseconds it took. */
  readonly onReview: (outcome: ReviewOutcome, milliseconds: number) => void;
  readonly log: Logger;
  readonly bounds?: Partial<Bounds>;
}

interface Answer {
  readonly status: number;
  /** A byteString(). */
  readonly bytes: string;
  readonly headers?: Readonly<Record<string, string>>;
}

export function createAuthenticateHandler(options: AuthenticateOptions): Handler {
  const bounds: Bounds = { ...defaultBounds, ...options.bounds };
  const limits = {
    whole: bounds.reviewBodyBytes,
    kept: bounds.keptBodyBytes,
    stringCharacters: bounds.tokenCharacters,
  };
  const room = createBodyRoom(bounds.smallBodyBytes, bounds.largeBodiesBytes);
  const parse = (body: Buffer) => parseTokenReview(body, bounds);
  const parts = { ...options, limits, room, parse, forms: createReviewForms(parse), bytesOf: createAnswerTexts() };
  return (request, response, context) => {
    answer(request, context, parts).then(
      (result) => result && sendBytes(response, context, result.status, result.bytes, result.headers),
      (error: unknown) => {
        options.log.error('a review could not be answered', { requestId: context.requestId, error });
        response.destroy();
      },
    );
  };
}

interface Parts extends AuthenticateOptions {
  readonly limits: BodyLimits;
  readonly room: BodyRoom;
  readonly parse: (body: Buffer) => TokenReviewRequest | TokenReviewFault;
  readonly forms: ReviewForms;
  readonly bytesOf: AnswerBytes;
}

/** undefined: the client has gone. */
async function answer(request: IncomingMessage, context: RequestContext, parts: Parts): Promise<Answer | undefined> {
  if (request.method !== 'POST') return failure(405, 'only POST is answered here', { Allow: 'POST' });
  if (!isPlain(request)) return failure(415, 'Content-Encoding is not identity', { 'Accept-Encoding': 'identity' });
  const asked = await readBody(request, parts.limits, parts.room, (body) => read(body, parts));
  if (typeof asked === 'string') return bodyFailure(asked, parts.limits);
  if ('fault' in asked) return failure(400, asked.fault);
  const { source } = context;
  const began = performance.now();
  const done = (outcome: ReviewOutcome) => parts.onReview(outcome, performance.now() - began);
  try {
    const result = asked.token === '' ? EMPTY_TOKEN : await parts.review(asked.token, asked.audiences);
    // kube-apiserver lets an empty name in as a user: rather no answer at all.
    if (result.authenticated && result.user.username === '')
      throw new Error('a review said yes to a user without a name');
    if (result.authenticated) done({ answer: 'yes', source });
    else done({ answer: 'no', refusal: result.refusal, source });
    // From those alone whose tokens are good: strangers cannot push forms out.
    if (result.authenticated) asked.learnForm?.();
    return { status: 200, bytes: parts.bytesOf(asked.apiVersion, result) };
  } catch (error) {
    const code = error instanceof PamhookError ? error.code : 'ERR_INTERNAL';
    done({ answer: 'unavailable', code, source });
    if (code === 'ERR_INTERNAL') parts.log.error('a review failed', { requestId: context.requestId, error });
    return unavailable(asked.apiVersion, code);
  }
}

interface Asked extends TokenReviewRequest {
  readonly learnForm?: (() => void) | undefined;
}

function read(body: Buffer, { forms, parse }: Parts): Asked | TokenReviewFault {
  const known = forms.read(body);
  if (known !== undefined) return known;
  const parsed = parse(body);
  return 'fault' in parsed ? parsed : { ...parsed, learnForm: forms.formOf(body, parsed) };
}

const EMPTY_TOKEN: ReviewResult = { authenticated: false, refusal: 'malformed' };

/** 500 without Retry-After: kube-apiserver tries again within seconds and caches nothing. 503 it would take for final. */
function unavailable(version: TokenReviewVersion, code: ErrorCode): Answer {
  const error = `the token could not be checked (${code})`;
  return { status: 500, bytes: byteString(JSON.stringify(tokenReview(version, { authenticated: false, error }))) };
}

function isPlain(request: IncomingMessage): boolean {
  const encoding = request.headers['content-encoding'];
  return encoding === undefined || encoding.trim().toLowerCase() === 'identity';
}

function bodyFailure(fault: BodyFault, { whole, kept }: BodyLimits): Answer | undefined {
  if (fault === 'cut short') return undefined;
  if (fault === 'no room') return failure(500, 'too many large requests at once');
  const message =
    fault === 'too large' ? `is larger than ${whole} bytes` : `without its long strings has more than ${kept} bytes`;
  return failure(413, `the body ${message}`, { Connection: 'close' });
}

/** For a request that is no TokenReview. */
function failure(code: number, message: string, headers?: Readonly<Record<string, string>>): Answer {
  return {
    status: code,
    bytes: byteString(JSON.stringify(kubernetesStatus(code, message))),
    ...(headers && { headers }),
  };
}
