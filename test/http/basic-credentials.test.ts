/** Basic credentials and further responses, against a second reading of RFC 7617 and RFC 4648 by other means. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseBasicCredentials } from '#src/http/basic-credentials.js';
import { parseFurtherResponses } from '#src/http/further-responses.js';
import { anyText } from '../harness/any-text.js';
import { edited } from '../harness/edited.js';
import { fc } from '../harness/property.js';

/** Any text that has a UTF-8 form. */
const text = anyText();
const base64 = (value: string | Uint8Array) => Buffer.from(value).toString('base64');

/** By the web's own decoders: atob() forgives much, so that what it takes must come out of btoa() again. */
function decoded(encoded: string): string | undefined {
  try {
    const binary = atob(encoded);
    const bytes = Uint8Array.from(binary, (character) => character.charCodeAt(0));
    const found = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
    return btoa(binary) === encoded ? found : undefined;
  } catch {
    return undefined;
  }
}

function credentialsIn(values: readonly string[]): readonly [string, string] | undefined {
  const [value = ''] = values;
  if (values.length !== 1 || value.slice(0, 6).toLowerCase() !== 'basic ') return undefined;
  const encoded = value.slice(6).replace(/^ +/, '');
  const pair = encoded === '' ? undefined : decoded(encoded);
  const colon = pair?.indexOf(':') ?? -1;
  return pair === undefined || colon < 0 ? undefined : [pair.slice(0, colon), pair.slice(colon + 1)];
}

function parsed(values: readonly string[]): readonly [string, string] | undefined {
  const found = parseBasicCredentials(values);
  return found && [found.username, found.password.bytes().toString()];
}

const scheme = fc.constantFrom('Basic ', 'basic ', 'BASIC   ', 'Basic', 'Bearer ', 'basic\t', ' Basic ', 'Baſic ');
const encoded = fc.oneof(
  text.map(base64),
  fc.tuple(text, text).map((pair) => base64(pair.join(':'))),
  fc.uint8Array().map(base64),
);

describe('parseBasicCredentials()', () => {
  it('reads any header as the decoders of the web do, and refuses what they would only forgive', () => {
    const character = fc.constantFrom(...'AZaz09+/=-_ :\t\n\0é');
    const header = fc.tuple(scheme, edited(encoded, character, 2)).map(([first, rest]) => `${first}${rest}`);
    const values = fc.oneof({ weight: 9, arbitrary: header.map((one) => [one]) }, fc.array(header, { maxLength: 3 }));
    fc.assert(
      fc.property(values, (given) => assert.deepEqual(parsed(given), credentialsIn(given))),
      { numRuns: 2000 },
    );
  });

  it('gives back what went in, split at the first colon', () => {
    fc.assert(
      fc.property(text, text, (name, password) => {
        const username = name.replaceAll(':', '');
        assert.deepEqual(parsed([`Basic ${base64(`${username}:${password}`)}`]), [username, password]);
      }),
    );
  });

  it('takes one spelling of a password: spare bits are zero, and the padding is there', () => {
    const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
    fc.assert(
      fc.property(text, fc.integer({ min: 1, max: 63 }), (password, step) => {
        const right = base64(`user:${password}`);
        fc.pre(right.endsWith('='));
        const bare = right.replace(/=+$/, '');
        const last = alphabet.indexOf(bare.slice(-1));
        const other = alphabet[(last + step) % 64];
        assert.equal(parsed([`Basic ${bare}`]), undefined);
        const respelled = parsed([`Basic ${bare.slice(0, -1)}${other}${right.slice(bare.length)}`]);
        assert.notDeepEqual(respelled, ['user', password]);
      }),
    );
  });
});

describe('parseFurtherResponses()', () => {
  it('gives each header its response in order, or none at all', () => {
    const values = fc.array(edited(encoded, fc.constantFrom(...'AZ09+/=-_ '), 1), { maxLength: 6 });
    fc.assert(
      fc.property(values, fc.nat(6), (given, limit) => {
        const responses = parseFurtherResponses(given, limit)?.map((response) => response.bytes().toString());
        const wanted = given.map(decoded);
        const isGood = given.length <= limit && wanted.every((response) => response !== undefined);
        assert.deepEqual(responses, isGood ? wanted : undefined);
      }),
      { numRuns: 500 },
    );
  });
});
