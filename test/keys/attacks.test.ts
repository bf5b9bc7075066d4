/** Attacks on the form, the header and the signature of tokens; those on claims are in test/token/attacks.test.ts. */
import assert from 'node:assert/strict';
import { constants, createPublicKey, sign } from 'node:crypto';
import { describe, it } from 'node:test';
import type { TokenFault } from '#src/keys/keys.js';
import { importVerifier } from '#src/keys/verifier.js';
import {
  allKeys,
  es256,
  es384,
  type GeneratedKey,
  generateEc,
  hs256,
  newSecret,
  rs256,
  spki,
} from './generated-keys.js';
import { claims, headerOf, hmac, segment, signed, signerOf, spell } from './spelled-token.js';

const verifier = importVerifier(allKeys.map(({ parsed }) => parsed.verification));

function refuses(token: string, fault: TokenFault): void {
  assert.deepEqual(verifier.verify(token), { valid: false, fault }, token);
}

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';

describe('attacks on the algorithm', () => {
  it('alg none, in any spelling, with and without a signature', () => {
    for (const alg of ['none', 'None', 'NONE', 'nOnE', '']) {
      for (const key of allKeys) {
        refuses(
          spell({ ...headerOf(key), alg }, claims, () => Buffer.alloc(0)),
          'malformed',
        );
        refuses(signed(key, { alg }), 'wrong algorithm');
      }
    }
  });

  it('HMAC with a public key as the secret, in every form the key is known in', () => {
    for (const key of [es256, es384, rs256]) {
      const publicKey = createPublicKey(key.privateKey);
      const pem = spki(publicKey);
      const der = publicKey.export({ type: 'spki', format: 'der' });
      const jwk = JSON.stringify(publicKey.export({ format: 'jwk' }));
      for (const secret of [pem, pem.toString().trimEnd(), der, jwk, key.parsed.kid, '']) {
        refuses(spell({ ...headerOf(key), alg: 'HS256' }, claims, hmac(secret)), 'wrong algorithm');
        refuses(spell(headerOf(key), claims, hmac(secret)), 'bad signature');
      }
    }
  });

  it('every algorithm under every other key, rightly signed by the one or the other', () => {
    for (const key of allKeys) {
      for (const other of allKeys.filter((candidate) => candidate !== key)) {
        const header = { ...headerOf(key), alg: other.algorithm };
        refuses(spell(header, claims, signerOf(key)), 'wrong algorithm');
        refuses(spell(header, claims, signerOf(other)), 'wrong algorithm');
        refuses(spell(headerOf(key), claims, signerOf(other)), 'bad signature');
      }
    }
  });

  it('stronger, weaker and related algorithms of the same kind of key', () => {
    for (const alg of ['HS384', 'HS512']) {
      const secret = hs256.privateKey.export();
      refuses(spell({ ...headerOf(hs256), alg }, claims, hmac(secret, alg.replace('HS', 'sha'))), 'wrong algorithm');
    }
    for (const alg of ['RS384', 'RS512', 'PS256', 'RS1', 'RSA-OAEP'])
      refuses(signed(rs256, { alg }), 'wrong algorithm');
    for (const alg of ['ES512', 'ES256K', 'EdDSA', 'es256', ' ES256', 'ES256\0'])
      refuses(signed(es256, { alg }), 'wrong algorithm');
  });

  it('alg missing or of another type', () => {
    for (const alg of [undefined, null, 0, true, ['ES256'], { alg: 'ES256' }])
      refuses(signed(es256, { alg }), 'wrong algorithm');
  });

  it('RSA-PSS padding under RS256', () => {
    const padding = constants.RSA_PKCS1_PSS_PADDING;
    const pss = (input: string) => sign('sha256', Buffer.from(input), { key: rs256.privateKey, padding });
    refuses(spell(headerOf(rs256), claims, pss), 'bad signature');
  });
});

describe('attacks on the key', () => {
  it('kid with paths, quotes, NULs, newlines and names that objects have', () => {
    const { kid } = es256.parsed;
    const kids = [
      '../../../dev/null',
      '/etc/hostname',
      "' OR 1=1 --",
      '"',
      `${kid}\0`,
      `\0${kid}`,
      `${kid}\n`,
      ` ${kid}`,
    ];
    for (const name of [...kids, '__proto__', 'constructor', 'toString', kid.toUpperCase(), '']) {
      refuses(signed(es256, { kid: name }), 'unknown key');
    }
  });

  it('kid missing or of another type', () => {
    const { kid } = es256.parsed;
    for (const name of [undefined, null, 0, true, [kid], { kid }]) refuses(signed(es256, { kid: name }), 'unknown key');
  });

  it('a key of the attacker under a kid of ours', () => {
    const { privateKey } = generateEc('P-256');
    const mine: GeneratedKey = { ...es256, privateKey };
    refuses(signed(mine), 'bad signature');
    refuses(spell(headerOf(hs256), claims, hmac(newSecret())), 'bad signature');
    refuses(spell(headerOf(hs256), claims, hmac('')), 'bad signature');
  });

  it('a key carried or pointed to by the token: jwk, jku, x5u, x5c, x5t', () => {
    const { privateKey, publicKey } = generateEc('P-256');
    const mine: GeneratedKey = { ...es256, privateKey };
    const carried = {
      jwk: publicKey.export({ format: 'jwk' }),
      jku: 'https://attacker.example/jwks.json',
      x5u: 'file:///etc/ssl/certs/ca-certificates.crt',
      x5c: [publicKey.export({ type: 'spki', format: 'der' }).toString('base64')],
      x5t: 'AAAA',
      'x5t#S256': 'AAAA',
    };
    for (const [name, value] of Object.entries(carried)) {
      refuses(signed(mine, { [name]: value }), 'unsupported header');
      refuses(signed(es256, { [name]: value }), 'unsupported header');
    }
  });
});

describe('attacks on the header', () => {
  it('crit, whatever it names', () => {
    for (const crit of [[], ['exp'], ['b64'], ['unknown'], 'b64', null])
      refuses(signed(es256, { crit }), 'unsupported header');
  });

  it('b64 false, with an unencoded payload and the signature over it', () => {
    refuses(signed(es256, { b64: false, crit: ['b64'] }), 'unsupported header');
    refuses(signed(es256, { b64: false }), 'unsupported header');
    refuses(signed(es256, { b64: true }), 'unsupported header');
    const header = segment({ ...headerOf(es256), b64: false, crit: ['b64'] });
    const signature = signerOf(es256)(`${header}.${JSON.stringify(claims)}`).toString('base64url');
    refuses(`${header}.${segment(claims)}.${signature}`, 'unsupported header');
  });

  it('compression and nesting: zip, enc, cty', () => {
    for (const member of [{ zip: 'DEF' }, { enc: 'A128GCM' }, { cty: 'JWT' }])
      refuses(signed(es256, member), 'unsupported header');
  });

  it('__proto__ as a member', () => {
    const header = `{"alg":"none","__proto__":${JSON.stringify(headerOf(es256))}}`;
    refuses(spell(header, claims, signerOf(es256)), 'unsupported header');
  });

  it('a member twice: the first or the last reader wins nothing', () => {
    const { kid } = es256.parsed;
    for (const header of [
      `{"alg":"none","alg":"ES256","kid":"${kid}"}`,
      `{"alg":"ES256","alg":"none","kid":"${kid}"}`,
      `{"alg":"ES256","kid":"x","kid":"${kid}"}`,
      `{"alg":"ES256","\\u0061lg":"ES256","kid":"${kid}"}`,
    ]) {
      refuses(spell(header, claims, signerOf(es256)), 'malformed');
    }
  });

  it('a header that is no JSON object', () => {
    for (const header of ['', 'null', '[]', '"ES256"', '{', `${JSON.stringify(headerOf(es256))}x`]) {
      refuses(spell(header, claims, signerOf(es256)), 'malformed');
    }
    const utf8 = Buffer.concat([Buffer.from('{"alg":"'), Buffer.from([0xff]), Buffer.from('"}')]).toString('base64url');
    refuses(`${utf8}.${segment(claims)}.AAAA`, 'malformed');
  });
});

describe('attacks on the payload', () => {
  it('a claim twice, also spelled by an escape', () => {
    const text = JSON.stringify(claims);
    for (const member of ['"username":"root"', '"\\u0075id":"0"', '"exp":99999999999', '"a":{"b":1,"b":2}']) {
      refuses(spell(headerOf(es256), text.replace('{', `{${member},`), signerOf(es256)), 'malformed');
      refuses(spell(headerOf(es256), text.replace(/\}$/, `,${member}}`), signerOf(es256)), 'malformed');
    }
  });

  it('a signed payload that is no JSON object', () => {
    for (const key of allKeys) {
      for (const payload of ['null', '[]', '"alice"', '1', 'x', '{', '{}x'])
        refuses(spell(headerOf(key), payload, signerOf(key)), 'malformed');
    }
  });

  it('a payload in bytes that are no UTF-8', () => {
    const bytes = Buffer.concat([Buffer.from('{"username":"'), Buffer.from([0xc0, 0x80]), Buffer.from('"}')]);
    const input = `${segment(headerOf(es256))}.${bytes.toString('base64url')}`;
    refuses(`${input}.${signerOf(es256)(input).toString('base64url')}`, 'malformed');
  });

  it('the payload of another token under this signature', () => {
    for (const key of allKeys) {
      const [header, , signature] = signed(key).split('.');
      refuses(
        `${header}.${segment({ ...claims, username: 'root', sub: 'root', uid: '0' })}.${signature}`,
        'bad signature',
      );
    }
  });
});

describe('attacks on the spelling', () => {
  it('a truncated, emptied or lengthened signature', () => {
    for (const key of allKeys) {
      const [header, payload, signature = ''] = signed(key).split('.');
      const bytes = Buffer.from(signature, 'base64url');
      refuses(`${header}.${payload}.`, 'malformed');
      refuses(`${header}.${payload}`, 'malformed');
      for (const other of [
        bytes.subarray(0, -1),
        bytes.subarray(1),
        bytes.subarray(0, 1),
        Buffer.concat([bytes, bytes]),
      ]) {
        refuses(`${header}.${payload}.${other.toString('base64url')}`, 'bad signature');
      }
    }
  });

  it('the same signature with other spare bits in its last character', () => {
    for (const key of [hs256, es256, rs256]) {
      const token = signed(key);
      const last = ALPHABET.indexOf(token.at(-1) ?? '');
      for (const bits of [1, 2, 3]) refuses(token.slice(0, -1) + ALPHABET[last ^ bits], 'malformed');
    }
  });

  it('the same signature with padding, whitespace, NULs or the alphabet of plain base64', () => {
    for (const key of allKeys) {
      const token = signed(key);
      for (const more of ['=', '==', ' ', '\n', '\r\n', '\t', '\0', '!', '\u00a0']) {
        refuses(token + more, 'malformed');
        refuses(token.replace(/\.(?=[^.]*$)/, `.${more}`), 'malformed');
        refuses(more + token, 'malformed');
      }
      const plain = token.replace(/[^.]*$/, (signature) => Buffer.from(signature, 'base64url').toString('base64'));
      // ES384's 96 bytes need no padding, and one signature in sixty has neither - nor _: it is spelled alike in both.
      if (plain !== token) refuses(plain, 'malformed');
    }
  });

  it('header or payload respelled, and signed so', () => {
    const header = segment(headerOf(es256));
    const input = `${header}=.${segment(claims)}`;
    refuses(`${input}.${signerOf(es256)(input).toString('base64url')}`, 'malformed');
    const padded = `${header}.${segment(claims)} `;
    refuses(`${padded}.${signerOf(es256)(padded).toString('base64url')}`, 'malformed');
  });

  it('more or fewer parts: JWE, detached payload, dots alone', () => {
    const token = signed(es256);
    const [header, , signature] = token.split('.');
    for (const text of [
      `${token}.`,
      `${token}.AAAA`,
      `.${token}`,
      `${token}.AAAA.AAAA`,
      `${header}..${signature}`,
      '..',
      '.',
      '...',
      '',
    ]) {
      refuses(text, 'malformed');
    }
  });

  it('JSON serialisation of the same signature', () => {
    const [header, payload, signature] = signed(es256).split('.');
    refuses(JSON.stringify({ protected: header, payload, signature }), 'malformed');
  });

  it('an ECDSA signature in DER, and one of zeros', () => {
    const der = (input: string) => sign('sha256', Buffer.from(input), es256.privateKey);
    refuses(spell(headerOf(es256), claims, der), 'bad signature');
    for (const [key, length] of [
      [es256, 64],
      [es384, 96],
      [rs256, 256],
      [hs256, 32],
    ] as const) {
      refuses(
        spell(headerOf(key), claims, () => Buffer.alloc(length)),
        'bad signature',
      );
      refuses(
        spell(headerOf(key), claims, () => Buffer.alloc(length, 0xff)),
        'bad signature',
      );
    }
  });
});
