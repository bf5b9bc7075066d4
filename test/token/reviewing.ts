/** A review over real keys and a small NSS of its own, for the tests beside it. */
import type { Identity } from '#src/identity/identity.js';
import type { Verifier } from '#src/keys/keys.js';
import { importVerifier } from '#src/keys/verifier.js';
import type { Policy } from '#src/token/policy.js';
import { createReviewToken, type ReviewTokenOptions } from '#src/token/review-token.js';
import { allKeys } from '../keys/generated-keys.js';
import { now } from '../keys/spelled-token.js';

export const alice: Identity = { username: 'alice', uid: '1000', groups: ['users', 'docker'] };

/** Keeps nobody out and changes no name. */
export const openPolicy: Policy = {
  allowGroups: [],
  minUid: 0,
  usernamePrefix: '',
  groupsPrefix: '',
  groupsFilter: ['*'],
};

const verifier = importVerifier(allKeys.map(({ parsed }) => parsed.verification));

/** `known` may be changed between reviews; an Error in it is thrown. `verifications` counts what reached the keys. */
export function reviewing(
  changes: Partial<ReviewTokenOptions> = {},
  known: Record<string, Identity | Error> = { alice },
) {
  const seen = { verifications: 0, lookups: [] as string[], time: now };
  const counting: Verifier = {
    verify(token) {
      seen.verifications += 1;
      return verifier.verify(token);
    },
  };
  const review = createReviewToken({
    verifier: counting,
    identities: {
      async find(name) {
        seen.lookups.push(name);
        const found = Object.hasOwn(known, name) ? known[name] : undefined;
        if (found instanceof Error) throw found;
        return found;
      },
    },
    issuer: '',
    audience: [],
    requireAudience: false,
    policy: openPolicy,
    now: () => seen.time,
    ...changes,
  });
  return { review, seen, known };
}
