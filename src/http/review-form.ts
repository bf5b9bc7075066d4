/** What a client writes around the tokens it asks about, learnt once: its later bodies are read without being parsed again; held by the front. */
import { isDeepStrictEqual } from 'node:util';
import type { TokenReviewRequest } from './token-review.js';

export interface ReviewForms {
  /** What parsing the body would give; undefined: it has no form that is known. */
  read(body: Buffer): TokenReviewRequest | undefined;
  /** `asked` is what parsing the body gave. The returned function learns its form; undefined: it has none. The body is not kept. */
  formOf(body: Buffer, asked: TokenReviewRequest): (() => void) | undefined;
}

interface Form extends Omit<TokenReviewRequest, 'token'> {
  readonly before: string;
  readonly behind: string;
}

/** kube-apiserver writes one, and another version of it perhaps another. */
export const MOST_FORMS = 8;
export const LONGEST_FORM = 4096;

/** What a JSON string may hold as it is: the characters of a JWT, and none with which the string could end. */
const PLAIN = /^[\w.-]+$/;

export function createReviewForms(parse: (body: Buffer) => object): ReviewForms {
  let forms: readonly Form[] = [];
  return {
    read(body) {
      for (const form of forms) {
        const token = tokenIn(body, form);
        if (token !== undefined) return { apiVersion: form.apiVersion, token, audiences: form.audiences };
      }
      return undefined;
    },
    formOf(body, asked) {
      const form = formAround(body, asked);
      if (form === undefined) return undefined;
      return () => {
        if (isForm(form, asked, parse)) forms = [form, ...forms.slice(0, MOST_FORMS - 1)];
      };
    },
  };
}

/** Latin 1 spells each byte as one character, so that equal strings are equal bytes. */
function tokenIn(body: Buffer, { before, behind }: Form): string | undefined {
  const end = body.length - behind.length;
  if (end <= before.length) return undefined;
  if (body.toString('latin1', 0, before.length) !== before) return undefined;
  if (body.toString('latin1', end) !== behind) return undefined;
  const token = body.toString('latin1', before.length, end);
  return PLAIN.test(token) ? token : undefined;
}

function formAround(body: Buffer, { token, apiVersion, audiences }: TokenReviewRequest): Form | undefined {
  if (body.length > LONGEST_FORM + token.length || !PLAIN.test(token)) return undefined;
  const [before, behind, ...more] = body.toString('latin1').split(token);
  if (before === undefined || behind === undefined || more.length > 0) return undefined;
  return { before, behind, apiVersion, audiences };
}

/**
 * Whether the place is the token's: with another text there the body asks about that one, and nothing else has changed. Else the text
 * found could be some other member's, and the token be spelled with escapes.
 */
function isForm({ before, behind }: Form, asked: TokenReviewRequest, parse: (body: Buffer) => object): boolean {
  const probe = asked.token === 'probe' ? 'another' : 'probe';
  return isDeepStrictEqual(parse(Buffer.from(before + probe + behind, 'latin1')), { ...asked, token: probe });
}
