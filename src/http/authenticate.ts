/** `POST /authenticate`: kube-apiserver's webhook, answered by the front before Express, which would cost more than the review. */
import type { IncomingMessage } from 'node:http';
import { type ErrorCode, PamhookError } from '../errors.js';
import type { Logger } from '../log/logger.js';
import type { Review, ReviewRefusal, ReviewResult } from '../token/review.js';
import { type BodyFault, type BodyLimits, readBody } from './body.js';
import { type BodyRoom, createBodyRoom } from './body-room.js';
import { type Bounds, bounds as defaultBounds } from './bounds.js';
import type { Handler, RequestContext } from './request-context.js';
import { kubernetesStatus, sendJson } from './status.js';
import { parseTokenReview, type TokenReviewRequest, type TokenReviewStatus, tokenReview } from './token-review.js';

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
  readonly body: object;
  readonly headers?: Readonly<Record<string, string>>;
}

export function createAuthenticateHandler(options: AuthenticateOptions): Handler {
  const bounds: Bounds = { ...defaultBounds, ...options.bounds };
  const limits = {
    whole: bounds.reviewBodyBytes,
    kept: bounds.keptBodyBytes,
    stringCharacters: bounds.tokenCharacters,
  };
  const parts = { ...options, bounds, limits, room: createBodyRoom(bounds.smallBodyBytes, bounds.largeBodiesBytes) };
  return (request, response, context) => {
    answer(request, context, parts).then(
      (result) => result && sendJson(response, context, result.status, result.body, result.headers),
      (error: unknown) => {
        options.log.error('a review could not be answered', { requestId: context.requestId, error });
        response.destroy();
      },
    );
  };
}

type Parts = AuthenticateOptions & { readonly bounds: Bounds; readonly limits: BodyLimits; readonly room: BodyRoom };

/** undefined: the client has gone. */
async function answer(request: IncomingMessage, context: RequestContext, parts: Parts): Promise<Answer | undefined> {
  if (request.method !== 'POST') return failure(405, 'only POST is answered here', { Allow: 'POST' });
  if (!isPlain(request)) return failure(415, 'Content-Encoding is not identity', { 'Accept-Encoding': 'identity' });
  const parsed = await readBody(request, parts.limits, parts.room, (body) => parseTokenReview(body, parts.bounds));
  if (typeof parsed === 'string') return bodyFailure(parsed, parts.limits);
  if ('fault' in parsed) return failure(400, parsed.fault);
  return reviewed(parsed, context, parts);
}

async function reviewed(asked: TokenReviewRequest, context: RequestContext, parts: Parts): Promise<Answer> {
  const { source } = context;
  const began = performance.now();
  const done = (outcome: ReviewOutcome) => parts.onReview(outcome, performance.now() - began);
  try {
    const result = await decide(asked, parts.review);
    if (result.authenticated) done({ answer: 'yes', source });
    else done({ answer: 'no', refusal: result.refusal, source });
    return { status: 200, body: tokenReview(asked.apiVersion, statusOf(result)) };
  } catch (error) {
    const code = error instanceof PamhookError ? error.code : 'ERR_INTERNAL';
    done({ answer: 'unavailable', code, source });
    if (code === 'ERR_INTERNAL') parts.log.error('a review failed', { requestId: context.requestId, error });
    // 500 without Retry-After: kube-apiserver tries again within seconds and caches nothing. 503 it would take for final.
    return {
      status: 500,
      body: tokenReview(asked.apiVersion, { authenticated: false, error: `the token could not be checked (${code})` }),
    };
  }
}

async function decide({ token, audiences }: TokenReviewRequest, review: Review): Promise<ReviewResult> {
  if (token === '') return { authenticated: false, refusal: 'malformed' };
  const result = await review(token, audiences);
  // kube-apiserver lets an empty name in as a user: rather no answer at all.
  if (result.authenticated && result.user.username === '')
    throw new Error('a review said yes to a user without a name');
  return result;
}

function statusOf(result: ReviewResult): TokenReviewStatus {
  if (!result.authenticated) return { authenticated: false };
  const { username, uid, groups, extra } = result.user;
  const user = { username, ...(uid === undefined ? {} : { uid }), groups, extra };
  return { authenticated: true, user, ...(result.audiences && { audiences: result.audiences }) };
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
  return { status: code, body: kubernetesStatus(code, message), ...(headers && { headers }) };
}
