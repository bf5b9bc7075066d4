/** TokenReview as it comes in, against a second reading of the same rules. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { jsonDepthExceeds } from '#src/http/json-depth.js';
import { parseTokenReview } from '#src/http/token-review.js';
import { anyText } from '../harness/any-text.js';
import { edited } from '../harness/edited.js';
import { fc } from '../harness/property.js';

const bounds = { jsonDepth: 8, jsonMembers: 10_000, reviewAudiences: 4 };
const versions = ['authentication.k8s.io/v1', 'authentication.k8s.io/v1beta1'];
const text = anyText();

function depthOf(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0;
  return 1 + Math.max(0, ...Object.values(value).map(depthOf));
}

/** undefined: not one. */
function reviewIn(body: Buffer): unknown {
  let review: { kind?: unknown; apiVersion?: unknown; spec?: { token?: unknown; audiences?: unknown } };
  try {
    review = JSON.parse(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(body));
  } catch {
    return undefined;
  }
  const member = (value: unknown, name: string): unknown =>
    Object.entries(value ?? {}).find(([key]) => key === name)?.[1];
  const isObject = (value: unknown) => Object.prototype.toString.call(value) === '[object Object]';
  const spec = member(review, 'spec');
  const apiVersion = member(review, 'apiVersion');
  const token = member(spec, 'token');
  const audiences = member(spec, 'audiences') ?? [];
  const isReview =
    isObject(review) &&
    isObject(spec) &&
    depthOf(review) <= bounds.jsonDepth &&
    member(review, 'kind') === 'TokenReview' &&
    versions.some((version) => version === apiVersion) &&
    typeof token === 'string' &&
    Array.isArray(audiences) &&
    audiences.length <= bounds.reviewAudiences &&
    audiences.every((audience) => typeof audience === 'string');
  return isReview ? { apiVersion, token, audiences } : undefined;
}

function agree(body: Buffer): void {
  const parsed = parseTokenReview(body, bounds);
  const wanted = reviewIn(body);
  if (wanted !== undefined) assert.deepEqual(parsed, wanted);
  else assert.ok('fault' in parsed && parsed.fault !== '' && !/[\r\n]/.test(parsed.fault));
}

const odd = fc.oneof(fc.jsonValue({ maxDepth: 9 }), fc.constantFrom(...versions, 'TokenReview', 'tokenreview', ''));
const usually = <T>(arbitrary: T[]) => fc.oneof({ weight: 8, arbitrary: fc.constantFrom(...arbitrary) }, odd);
const spec = fc.record(
  {
    token: fc.oneof({ weight: 8, arbitrary: text }, odd),
    audiences: fc.oneof({ weight: 8, arbitrary: fc.array(text, { maxLength: 6 }) }, odd),
    __proto__: odd,
  },
  { requiredKeys: [] },
);
const review = fc
  .record(
    {
      kind: usually(['TokenReview']),
      apiVersion: usually(versions),
      spec: fc.oneof({ weight: 12, arbitrary: spec }, odd),
      metadata: odd,
      status: odd,
    },
    { requiredKeys: ['kind', 'apiVersion', 'spec'] },
  )
  .map((value) => JSON.stringify(value));

describe('parseTokenReview()', () => {
  it('takes the token and audiences of every TokenReview, and nothing else for one', () => {
    fc.assert(
      fc.property(review, (json) => agree(Buffer.from(json))),
      { numRuns: 1000 },
    );
  });

  it('reads a body that was changed here and there, repeated members included, as JSON.parse() does', () => {
    const character = fc.constantFrom(...'{}[]",:\\ \n0eul\ufeff', '"token":"b",', '"spec":{', '"kind":"TokenReview",');
    fc.assert(
      fc.property(edited(review, character), (json) => agree(Buffer.from(json))),
      { numRuns: 1000 },
    );
  });

  it('reads any bytes as one, or tells the fault', () => {
    const broken = fc.tuple(review, fc.nat(), fc.nat(255)).map(([json, at, byte]) => {
      const bytes = Buffer.from(json);
      bytes[at % bytes.length] = byte;
      return bytes;
    });
    fc.assert(
      fc.property(fc.oneof(broken, fc.uint8Array()), (bytes) => agree(Buffer.from(bytes))),
      { numRuns: 500 },
    );
  });
});

describe('jsonDepthExceeds()', () => {
  it('is the depth of the value that a text stands for', () => {
    fc.assert(
      fc.property(fc.json({ maxDepth: 8, stringUnit: 'binary' }), (json) => {
        const deep = depthOf(JSON.parse(json));
        assert.equal(jsonDepthExceeds(Buffer.from(json), deep), false);
        if (deep > 0) assert.equal(jsonDepthExceeds(Buffer.from(json), deep - 1), true);
      }),
    );
  });

  it('lets nothing through that JSON.parse() would make a deeper value of', () => {
    const noise = fc.string({ unit: fc.constantFrom(...'[]{}",:\\1 a'), maxLength: 60 });
    fc.assert(
      fc.property(
        fc.oneof(noise, edited(fc.json({ maxDepth: 8 }), fc.constantFrom(...'[]{}"\\,:'))),
        fc.nat(8),
        (json, limit) => {
          let value: unknown;
          try {
            value = JSON.parse(json);
          } catch {
            return void jsonDepthExceeds(Buffer.from(json), limit);
          }
          // Of a member that comes again JSON.parse() keeps the last; what the others nest is not in the value.
          if (depthOf(value) > limit) assert.equal(jsonDepthExceeds(Buffer.from(json), limit), true);
        },
      ),
      { numRuns: 1000 },
    );
  });
});
