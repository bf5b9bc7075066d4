import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parametersInBody } from '#src/http/body-parameters.js';
import { chooseToken } from '#src/http/token-choice.js';
import type { Login, LoginRequest } from '#src/token/login.js';
import { fc } from '../harness/property.js';
import { type Ask, ask, basic, issue, startFront } from './front.js';

const FORM = 'application/x-www-form-urlencoded';
const JSON_TYPE = 'application/json';
const audience = ['https://a', 'b', 'c'];
const choices = { defaultLifetime: 300, maxLifetime: 600, audience };
const nothing = { lifetime: undefined, audience: undefined };

function chosen(query: string, configured = choices) {
  return chooseToken(configured, new URLSearchParams(query));
}

describe('lifetime', () => {
  it('is a duration in Go’s notation, in whole seconds up to the longest', () => {
    const good = {
      '1s': 1,
      '90s': 90,
      '1.5m': 90,
      '9m59s': 599,
      '10m': 600,
      '1000ms': 1,
      '0.1m': 6,
      '600000000000ns': 600,
    };
    for (const [text, lifetime] of Object.entries(good)) {
      assert.deepEqual(chosen(`lifetime=${text}`), { ...nothing, lifetime });
    }
    for (const query of ['', 'lifetime', 'lifetime=', 'lifetime=&token-expires-in=', 'Lifetime=x', 'other=1&other=2']) {
      assert.deepEqual(chosen(query), nothing);
    }
    assert.deepEqual(chosen('lifetime=&token-expires-in=2'), { ...nothing, lifetime: 120 });
    assert.deepEqual(chosen('lifetime=2m&token-expires-in='), { ...nothing, lifetime: 120 });
  });

  it('that is none is told by its text', () => {
    const noDuration = (text: string) => `'${text}' is not a duration in whole seconds, such as 90s, 10m or 1h30m`;
    const bad: Record<string, string> = {
      '90': noDuration('90'),
      x: noDuration('x'),
      '-5m': noDuration('-5m'),
      '1500ms': noDuration('1500ms'),
      '1ns': noDuration('1ns'),
      '%201m': noDuration(' 1m'),
      '1d': noDuration('1d'),
      [`${'0'.repeat(5000)}1s`]: noDuration(`${'0'.repeat(5000)}1s`),
      '0': '0s is not a positive duration',
      '0h0m': '0s is not a positive duration',
      '601s': '10m1s is greater than the configured token-expiry',
      '11m': '11m is greater than the configured token-expiry',
      '1h30m': '1h30m is greater than the configured token-expiry',
      '2562047h': '2562047h is greater than the configured token-expiry',
      '1m&lifetime=1m': 'lifetime is given more than once',
      '&lifetime=1m': 'lifetime is given more than once',
      '1m&token-expires-in=1': 'token-expires-in and lifetime exclude each other',
    };
    for (const [text, fault] of Object.entries(bad)) assert.deepEqual(chosen(`lifetime=${text}`), { fault });
  });
});

describe('audience', () => {
  it('is some of the configured ones, in their order', () => {
    const good: Record<string, readonly string[] | undefined> = {
      'audience=b': ['b'],
      'audience=c&audience=https%3A%2F%2Fa': ['https://a', 'c'],
      'audience=b&audience=b': ['b'],
      'audience=&audience=b': ['b'],
      'audience=c&audience=b&audience=https://a': audience,
      'audience=': undefined,
      audience: undefined,
    };
    for (const [query, wanted] of Object.entries(good)) {
      assert.deepEqual(chosen(query), { ...nothing, audience: wanted });
    }
    assert.deepEqual(chosen('audience=b&lifetime=1m'), { lifetime: 60, audience: ['b'] });
  });

  it('that is not configured is named', () => {
    for (const [query, named] of [
      ['audience=x', 'x'],
      ['audience=b&audience=B', 'B'],
      ['audience=https://a/', 'https://a/'],
      ['audience=b,c', 'b,c'],
    ] as const) {
      assert.deepEqual(chosen(query), { fault: `'${named}' is not one of the configured audiences` });
    }
    const none = { ...choices, audience: [] };
    assert.deepEqual(chosen('audience=b', none), { fault: "'b' is not one of the configured audiences" });
    assert.deepEqual(chosen('audience=', none), nothing);
  });
});

/** A POST of the body, read and judged; `query` beside it. */
function inBody(type: string | undefined, body: string | Buffer, query = '', method = 'POST', encoding?: string) {
  const headers = { 'content-type': type, ...(encoding && { 'content-encoding': encoding }) };
  const request = { method, headers } as unknown as Parameters<typeof parametersInBody>[0];
  const parameters = parametersInBody(request, Buffer.from(body), { jsonDepth: 64 });
  return 'fault' in parameters ? parameters : chooseToken(choices, new URLSearchParams(query), parameters);
}

const choice = { lifetime: 90, audience: ['b', 'c'] };

describe('a body', () => {
  it('chooses as a query does, as a form or as JSON', () => {
    for (const type of [FORM, `${FORM};charset=UTF-8`, ' Application/X-WWW-Form-Urlencoded ; a=b']) {
      assert.deepEqual(inBody(type, 'lifetime=90s&audience=c&audience=b&other=x'), choice);
      assert.deepEqual(inBody(type, 'token-expires-in=2'), { ...nothing, lifetime: 120 });
      assert.deepEqual(inBody(type, 'audience=https%3a%2f%2fa'), { ...nothing, audience: ['https://a'] });
    }
    for (const type of [JSON_TYPE, 'application/JSON; charset=utf-8']) {
      assert.deepEqual(inBody(type, '{"lifetime":"1m30s","audience":["c","b"],"other":[{}]}'), choice);
      assert.deepEqual(inBody(type, '{"audience":"b"}'), { ...nothing, audience: ['b'] });
      assert.deepEqual(inBody(type, '{"token-expires-in":2}'), { ...nothing, lifetime: 120 });
      assert.deepEqual(inBody(type, '{"token-expires-in":"2"}'), { ...nothing, lifetime: 120 });
    }
    assert.deepEqual(inBody(FORM, 'lifetime=90s', 'audience=b&audience=c'), choice);
    assert.deepEqual(inBody(JSON_TYPE, '{"audience":["b","c"]}', 'lifetime=90s'), choice);
  });

  it('may choose nothing', () => {
    for (const json of ['', '{}', '{"lifetime":null,"audience":null,"token-expires-in":null}', '{"audience":[]}']) {
      assert.deepEqual(inBody(JSON_TYPE, json), nothing);
    }
    for (const json of ['{"lifetime":"","audience":""}', '{"audience":["",""],"__proto__":{"lifetime":"x"}}']) {
      assert.deepEqual(inBody(JSON_TYPE, json), nothing);
    }
    for (const form of ['', '&&', 'x', '\0=\0', '{"lifetime":"x"}']) assert.deepEqual(inBody(FORM, form), nothing);
  });

  it('of another media type, or not of a POST, is not looked at', () => {
    for (const type of [
      undefined,
      '',
      'text/plain',
      'application/jsonx',
      'application/merge-patch+json',
      ';',
      'x'.repeat(9000),
    ]) {
      assert.deepEqual(inBody(type, 'lifetime=x'), nothing);
    }
    assert.deepEqual(inBody(FORM, 'lifetime=x', '', 'GET'), nothing);
    assert.deepEqual(inBody('text/plain', 'lifetime=x', '', 'POST', 'gzip'), nothing);
  });

  it('that is not as it must be is told in what', () => {
    const notObject = 'the body is not a JSON object, or has a member twice';
    const bad: [type: string, body: string | Buffer, fault: string][] = [
      [JSON_TYPE, '{', notObject],
      [JSON_TYPE, 'null', notObject],
      [JSON_TYPE, '["lifetime"]', notObject],
      [JSON_TYPE, 'lifetime=1m', notObject],
      [JSON_TYPE, '\ufeff{}', notObject],
      [JSON_TYPE, '{"lifetime":"1m","lifetime":"2m"}', notObject],
      [JSON_TYPE, '{"lifetime":"1m","lifetim\\u0065":"2m"}', notObject],
      [JSON_TYPE, `{"a":${'['.repeat(64)}${']'.repeat(64)}}`, 'the body is nested deeper than 64 levels'],
      [JSON_TYPE, Buffer.from([0x7b, 0xff, 0x7d]), 'the body is not UTF-8'],
      [FORM, Buffer.from([0x61, 0x3d, 0xff]), 'the body is not UTF-8'],
      [JSON_TYPE, '{"lifetime":90}', 'lifetime is not a string'],
      [JSON_TYPE, '{"lifetime":["90s"]}', 'lifetime is not a string'],
      [JSON_TYPE, '{"token-expires-in":true}', 'token-expires-in is not a number or a string'],
      [JSON_TYPE, '{"token-expires-in":[1]}', 'token-expires-in is not a number or a string'],
      [JSON_TYPE, '{"audience":1}', 'audience is not a string or an array of strings'],
      [JSON_TYPE, '{"audience":{"0":"b"}}', 'audience is not a string or an array of strings'],
      [JSON_TYPE, '{"audience":["b",null]}', 'audience is not a string or an array of strings'],
      [JSON_TYPE, '{"token-expires-in":1.5}', "'1.5' is not a valid integer"],
      [JSON_TYPE, '{"token-expires-in":1e400}', "'Infinity' is not a valid integer"],
      [JSON_TYPE, '{"token-expires-in":11}', '11 is greater than the configured token-expiry'],
      [JSON_TYPE, '{"token-expires-in":1,"lifetime":"1m"}', 'token-expires-in and lifetime exclude each other'],
      [JSON_TYPE, '{"audience":["\\ud800"]}', "'\ufffd' is not one of the configured audiences"],
      [FORM, 'lifetime=1m&lifetime=1m', 'lifetime is given more than once'],
      [FORM, 'audience=%ff', "'\ufffd' is not one of the configured audiences"],
    ];
    for (const [type, body, fault] of bad) assert.deepEqual(inBody(type, body), { fault }, String(body));
    assert.deepEqual(inBody(FORM, 'lifetime=1m', '', 'POST', 'gzip'), {
      fault: 'the Content-Encoding of the body is not identity',
    });
    assert.deepEqual(inBody(FORM, 'lifetime=90s', '', 'POST', 'Identity'), { ...nothing, lifetime: 90 });
  });

  it('and a query do not give the same parameter, nor the two that exclude each other', () => {
    for (const [name, value] of [
      ['lifetime', '1m'],
      ['token-expires-in', '1'],
      ['audience', 'b'],
    ]) {
      const fault = `${name} is given in the query and in the body`;
      assert.deepEqual(inBody(FORM, `${name}=${value}`, `${name}=${value}`), { fault });
      assert.deepEqual(inBody(JSON_TYPE, JSON.stringify({ [name ?? '']: value }), `${name}=${value}`), { fault });
    }
    const fault = 'token-expires-in and lifetime exclude each other';
    assert.deepEqual(inBody(FORM, 'lifetime=1m', 'token-expires-in=1'), { fault });
    assert.deepEqual(inBody(JSON_TYPE, '{"token-expires-in":1}', 'lifetime=1m'), { fault });
  });

  it('of any bytes is a choice within the limits or a fault', () => {
    const words = fc.constantFrom(
      'lifetime',
      'token-expires-in',
      'audience',
      'b',
      '1m',
      '1',
      '"',
      ':',
      '{',
      '}',
      '=',
      '&',
    );
    const text = fc.array(words).map((parts) => Buffer.from(parts.join('')));
    const json = fc
      .record(
        { lifetime: fc.jsonValue(), audience: fc.jsonValue(), 'token-expires-in': fc.jsonValue() },
        { requiredKeys: [] },
      )
      .map((value) => Buffer.from(JSON.stringify(value)));
    const bytes = fc.uint8Array().map((value) => Buffer.from(value));
    fc.assert(
      fc.property(fc.constantFrom(FORM, JSON_TYPE), fc.oneof(text, json, bytes), (type, body) => {
        const result = inBody(type, body);
        if ('fault' in result) return assert.notEqual(result.fault, '');
        const { lifetime = 1, audience: some = ['b'] } = result;
        assert.ok(Number.isInteger(lifetime) && lifetime >= 1 && lifetime <= 600);
        assert.ok(some.length > 0 && some.every((value) => audience.includes(value)));
      }),
    );
  });
});

describe('/token', () => {
  const unasked: Login = () => assert.fail('PAM was asked');
  const post = (type: string, body: string): Ask => ({
    method: 'POST',
    body,
    headers: { ...basic('alice', 'sesame'), 'Content-Type': type },
  });

  it('passes on what the client chose, by query, form or JSON', async (t) => {
    const seen: LoginRequest[] = [];
    const login: Login = (request, signal) => {
      seen.push(request);
      return issue(request, signal);
    };
    const { port } = await startFront(t, { login, audience });
    const ways: [path: string, options: Ask][] = [
      ['/token?lifetime=90s&audience=c&audience=b', { headers: basic('alice', 'sesame') }],
      ['/token', post(FORM, 'lifetime=90s&audience=c&audience=b')],
      ['/token', post(JSON_TYPE, '{"lifetime":"90s","audience":["c","b"]}')],
      ['/token?lifetime=1.5m', post(JSON_TYPE, '{"audience":["c","b"]}')],
    ];
    for (const [path, options] of ways) {
      const answer = await ask(port, path, options);
      assert.deepEqual([answer.status, answer.body], [200, 'header.claims.signature\n']);
      const { lifetime, audience: some } = seen.at(-1) ?? {};
      assert.deepEqual([lifetime, some], [90, ['b', 'c']]);
    }
    // A body that comes with GET is none of the contract.
    const headers = { ...basic('alice', 'sesame'), 'Content-Type': FORM, 'Content-Length': '10' };
    assert.equal((await ask(port, '/token', { headers, body: 'lifetime=x' })).status, 200);
    assert.deepEqual([seen.length, seen.at(-1)?.lifetime], [5, undefined]);
  });

  it('answers 400 to a bad choice before any look at the credentials, and PAM is not asked', async (t) => {
    const { port } = await startFront(t, { login: unasked, audience });
    const ways: [path: string, options: Ask, error: string][] = [
      ['/token?lifetime=11m', {}, '11m is greater than the configured token-expiry'],
      ['/token?audience=x', {}, "'x' is not one of the configured audiences"],
      ['/token', post(FORM, 'audience=x'), "'x' is not one of the configured audiences"],
      ['/token', post(JSON_TYPE, '{"lifetime":90}'), 'lifetime is not a string'],
      ['/token?lifetime=1m', post(FORM, 'lifetime=1m'), 'lifetime is given in the query and in the body'],
      // The query first: a body that is too large is not waited for.
      [
        '/token?lifetime=x',
        post(FORM, 'x'.repeat(8193)),
        "'x' is not a duration in whole seconds, such as 90s, 10m or 1h30m",
      ],
    ];
    for (const [path, options, error] of ways) {
      for (const credentials of [{}, basic('alice', 'sesame')]) {
        const headers = { 'Content-Type': options.headers?.['Content-Type'] ?? '', ...credentials };
        const answer = await ask(port, path, { ...options, headers });
        assert.deepEqual([answer.status, answer.body], [400, error]);
        assert.equal(answer.headers['www-authenticate'], undefined);
        const json = await ask(port, path, { ...options, headers: { ...headers, Accept: JSON_TYPE } });
        assert.deepEqual(JSON.parse(json.body), { error });
      }
    }
  });

  it('answers 413 to more than 8 KiB of form or JSON', async (t) => {
    const { port } = await startFront(t, { login: unasked });
    for (const [type, body] of [
      [FORM, `lifetime=x&y=${'z'.repeat(8192)}`],
      [JSON_TYPE, `{"lifetime":1,"y":"${'z'.repeat(8192)}"}`],
    ] as const) {
      assert.equal((await ask(port, '/token', post(type, body))).status, 413);
    }
  });
});
