import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseBasicCredentials } from '#src/http/basic-credentials.js';
import { jsonDepthExceeds } from '#src/http/json-depth.js';
import { parseLifetime, parseMinutes } from '#src/http/requested-lifetime.js';
import { parseTokenReview } from '#src/http/token-review.js';

const bounds = { jsonDepth: 64, reviewAudiences: 1000 };
/** Any text that has a UTF-8 form. */
const text = fc.string({ unit: 'binary' });

test('credentials come out as they went in, split at the first colon', () => {
  fc.assert(
    fc.property(text, text, (name, password) => {
      const username = name.replaceAll(':', '');
      const header = `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
      const parsed = parseBasicCredentials([header]);
      assert.equal(parsed?.username, username);
      assert.equal(parsed?.password.bytes().toString(), password);
    }),
  );
});

test('no header makes the parser of credentials throw', () => {
  fc.assert(fc.property(fc.array(fc.string()), (values) => void parseBasicCredentials(values)));
  fc.assert(fc.property(fc.base64String(), (token) => void parseBasicCredentials([`Basic ${token}`])));
});

test('a lifetime is whole minutes or seconds up to the longest, or there is a fault', () => {
  const value = fc.oneof(fc.string(), fc.bigInt().map(String), fc.integer({ min: -20, max: 20 }).map(String));
  fc.assert(
    fc.property(
      value,
      fc.constantFrom('', 's', 'm', 'h'),
      fc.integer({ min: 1, max: 1000 }),
      (given, unit, longest) => {
        for (const [parsed, step] of [
          [parseMinutes(given, longest), 60],
          [parseLifetime(given + unit, longest), 1],
        ] as const) {
          if ('fault' in parsed) assert.notEqual(parsed.fault, '');
          else assert.ok(parsed.seconds % step === 0 && parsed.seconds >= step && parsed.seconds <= longest * 60);
        }
      },
    ),
  );
});

test('any bytes are a TokenReview or a fault', () => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.uint8Array(),
        fc.json().map((json) => Buffer.from(json)),
      ),
      (bytes) => {
        const parsed = parseTokenReview(Buffer.from(bytes), bounds);
        assert.ok('fault' in parsed);
      },
    ),
  );
  const spec = fc.record({ token: text, audiences: fc.array(text, { maxLength: 20 }) });
  fc.assert(
    fc.property(spec, ({ token, audiences }) => {
      const apiVersion = 'authentication.k8s.io/v1';
      const body = Buffer.from(JSON.stringify({ kind: 'TokenReview', apiVersion, spec: { token, audiences } }));
      assert.deepEqual(parseTokenReview(body, bounds), { apiVersion, token, audiences });
    }),
  );
});

test('the depth of a JSON text is that of the value it stands for', () => {
  function depth(value: unknown): number {
    if (typeof value !== 'object' || value === null) return 0;
    return 1 + Math.max(0, ...Object.values(value).map(depth));
  }
  fc.assert(
    fc.property(fc.json({ maxDepth: 8, stringUnit: 'binary' }), (json) => {
      const deep = depth(JSON.parse(json));
      assert.equal(jsonDepthExceeds(Buffer.from(json), deep), false);
      if (deep > 0) assert.equal(jsonDepthExceeds(Buffer.from(json), deep - 1), true);
    }),
  );
});
