/** Parameters in a body: a form, JSON and a query that say the same choose the same token. */
import assert from 'node:assert/strict';
import type { IncomingMessage } from 'node:http';
import { describe, it } from 'node:test';
import { parametersInBody } from '#src/http/body-parameters.js';
import { type ChoiceFault, chooseToken, PARAMETERS, type TokenChoice } from '#src/http/token-choice.js';
import { anyString, anyText } from '../harness/any-text.js';
import { edited } from '../harness/edited.js';
import { fc } from '../harness/property.js';

const FORM = 'application/x-www-form-urlencoded';
const JSON_TYPE = 'application/json';
const choices = { defaultLifetime: 60, maxLifetime: 36_000, audience: ['a', 'b', 'ü', 'https://c/?d=e&f'] };

function inBody(type: string, body: Buffer, jsonDepth = 8): URLSearchParams | ChoiceFault {
  const request = { method: 'POST', headers: { 'content-type': type } } as IncomingMessage;
  return parametersInBody(request, body, { jsonDepth });
}

function chosen(parameters: URLSearchParams | ChoiceFault): TokenChoice | ChoiceFault {
  return 'fault' in parameters ? parameters : chooseToken(choices, new URLSearchParams(), parameters);
}

/** What a client may mean, well or badly. */
const lifetime = fc.oneof(
  fc.constantFrom('', '90s', '10m', '11h', '1.5m', '0', '90', '1 h'),
  anyString({ maxLength: 4 }),
);
const minutes = fc.oneof(fc.integer({ min: -2, max: 700 }), fc.constantFrom('', '7', '0007', ' 7', 'x', 0.5, 1e21, -0));
const audiences = fc.array(fc.oneof(fc.constantFrom('', ...choices.audience), anyString({ maxLength: 3 })), {
  maxLength: 4,
});
const meant = fc.record(
  { lifetime, 'token-expires-in': minutes, audience: audiences, other: anyString() },
  { requiredKeys: [] },
);

function pairsOf(value: object): [string, string][] {
  return Object.entries(value).flatMap(([name, member]) =>
    (Array.isArray(member) ? member : [member]).map((item): [string, string] => [name, String(item)]),
  );
}

/** Every byte as %XX, so that nothing has a meaning of its own. */
function percentEncoded(text: string): string {
  return [...Buffer.from(text)].map((byte) => `%${byte.toString(16).padStart(2, '0')}`).join('');
}

describe('parametersInBody()', () => {
  it('reads a form and JSON as the query that says the same', () => {
    fc.assert(
      fc.property(meant, (value) => {
        const query = new URLSearchParams(pairsOf(value));
        const wanted = chooseToken(choices, query);
        const form = pairsOf(value).map((pair) => pair.map(percentEncoded).join('='));
        assert.deepEqual(chosen(inBody(JSON_TYPE, Buffer.from(JSON.stringify(value)))), wanted);
        assert.deepEqual(chosen(inBody(FORM, Buffer.from(form.join('&')))), wanted);
        assert.deepEqual(chosen(inBody(FORM, Buffer.from(String(query)))), wanted);
      }),
      { numRuns: 1000 },
    );
  });

  it('refuses a parameter given in the query and in the body, and takes different ones together', () => {
    fc.assert(
      fc.property(meant, meant, (inQuery, inForm) => {
        const result = chooseToken(
          choices,
          new URLSearchParams(pairsOf(inQuery)),
          new URLSearchParams(pairsOf(inForm)),
        );
        const [one, other] = [pairsOf(inQuery), pairsOf(inForm)].map((pairs) => new Set(pairs.map(([name]) => name)));
        const doubled = PARAMETERS.find((name) => one?.has(name) && other?.has(name));
        if (doubled !== undefined)
          assert.deepEqual(result, { fault: `${doubled} is given in the query and in the body` });
        else
          assert.deepEqual(
            result,
            chooseToken(choices, new URLSearchParams([...pairsOf(inQuery), ...pairsOf(inForm)])),
          );
      }),
      { numRuns: 1000 },
    );
  });

  it('takes of JSON no member that stands twice, and none of a wrong type', () => {
    const name = fc.constantFrom(...PARAMETERS);
    fc.assert(
      fc.property(name, fc.jsonValue(), fc.jsonValue(), (given, first, second) => {
        const [one, two] = [first, second].map((value) => JSON.stringify(value));
        assert.ok('fault' in inBody(JSON_TYPE, Buffer.from(`{"${given}":${one},"${given}":${two}}`), 100));
        const alone = inBody(JSON_TYPE, Buffer.from(JSON.stringify({ [given]: first })), 100);
        const isText = typeof first === 'string' || first === null;
        const isTexts = Array.isArray(first) && first.every((item) => typeof item === 'string');
        const mayBe = {
          lifetime: isText,
          'token-expires-in': isText || typeof first === 'number',
          audience: isText || isTexts,
        };
        assert.equal('fault' in alone, !mayBe[given]);
      }),
      { numRuns: 500 },
    );
  });

  it('reads any body as parameters that choose a token within the bounds, or tells the fault', () => {
    const json = meant.map((value) => JSON.stringify(value));
    const form = meant.map((value) => String(new URLSearchParams(pairsOf(value))));
    const character = fc.constantFrom(...'{}[]",:\\&=+%;', '%ff', '%00', 'lifetime', 'audience', '\u0000', '\ufeff');
    const text = fc.oneof(edited(json, character), edited(form, character), anyText());
    const bytes = fc.oneof(
      text.map((value) => Buffer.from(value)),
      fc.uint8Array().map((value) => Buffer.from(value)),
    );
    fc.assert(
      fc.property(fc.constantFrom(FORM, JSON_TYPE), bytes, (type, body) => {
        const result = chosen(inBody(type, body));
        if ('fault' in result) return assert.notEqual(result.fault, '');
        const { lifetime: seconds = 1, audience = ['a'] } = result;
        assert.ok(Number.isInteger(seconds) && seconds >= 1 && seconds <= choices.maxLifetime);
        assert.ok(audience.length > 0 && audience.every((one) => choices.audience.includes(one)));
      }),
      { numRuns: 1000 },
    );
  });
});
