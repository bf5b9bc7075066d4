/** Replicas that see each change of the directory at a time of their own: whichever signs, whichever verifies, a token is good to its end. */

import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { test } from 'node:test';
import { fc } from '../../harness/property.js';
import { es256, hs256 } from '../../keys/generated-keys.js';
import { MINUTE, Turning } from './turning.js';

const PUBLISH_FOR = 3 * MINUTE;
const MAX_LIFETIME = 10 * MINUTE;

/** The directory from one call of rotate to the next. */
interface View {
  readonly from: number;
  readonly signing: string;
  readonly verification: ReadonlySet<string>;
}

async function turnKeys(keys: Turning, pauses: readonly number[]): Promise<View[]> {
  const views: View[] = [];
  for (const pause of pauses) {
    await keys.rotate('--publish-for', '3m', '--max-lifetime', '10m', '--every', '5m');
    const verification = readdirSync(keys.path('verification')).map((name) => name.replace(/\.\w+$/, ''));
    views.push({ from: keys.now, signing: keys.signing(), verification: new Set(verification) });
    keys.now += pause;
  }
  return views;
}

/** What a replica may see at a time that is at most PUBLISH_FOR behind. */
function visible(views: readonly View[], time: number): View[] {
  return views.filter(
    ({ from }, at) => from <= time && (views[at + 1]?.from ?? Number.POSITIVE_INFINITY) > time - PUBLISH_FOR,
  );
}

for (const key of [es256, hs256]) {
  test(`every replica verifies what any other signed, to its end: ${key.algorithm}`, async (t) => {
    // From calls twice a minute to calls that come an hour late.
    const pause = fc.oneof(fc.integer({ min: 1, max: 4 * MINUTE }), fc.integer({ min: MINUTE, max: 60 * MINUTE }));
    const pauses = fc.array(pause, { minLength: 10, maxLength: 25 });
    await fc.assert(
      fc.asyncProperty(pauses, async (pausesOfRun) => {
        const views = await turnKeys(new Turning(t, key.contents), pausesOfRun);
        const [first] = views;
        assert.ok(first !== undefined);
        for (const { from } of views.slice(1)) {
          // The moments at which something changes, for signers and for verifiers.
          for (const issued of [from, from + PUBLISH_FOR - 1].filter((time) => time >= first.from + PUBLISH_FOR)) {
            const kids = new Set(visible(views, issued).map(({ signing }) => signing));
            const ends = issued + MAX_LIFETIME - 1;
            const verifying = views.filter(
              (view, at) =>
                view.from <= ends && (views[at + 1]?.from ?? Number.POSITIVE_INFINITY) > issued - PUBLISH_FOR,
            );
            for (const kid of kids)
              assert.ok(
                verifying.every(({ verification }) => verification.has(kid)),
                kid,
              );
          }
        }
        assert.ok(new Set(views.map(({ signing }) => signing)).size > 1);
      }),
      { numRuns: 15 },
    );
  });
}
