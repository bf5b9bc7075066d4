import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseKeysArguments } from '#src/cli/keys/arguments.js';
import { type Documents, makeDocuments } from '#src/http/discovery.js';
import { DISCOVERY_MAX_AGE } from '#src/http/routes/discovery.js';
import { es256, es384, hs256, rs256 } from '../keys/generated-keys.js';
import { ask, startFront } from './front.js';

const CONFIGURATION = '/.well-known/openid-configuration';
const KEYS = '/.well-known/jwks.json';
const ISSUER = 'https://pamhook.example.org:6443';

const ec = es256.parsed.verification;
const secret = hs256.parsed.verification;

function documentsOf(issuer: string, keys = [ec]): Documents {
  return makeDocuments({ issuer, keys, claims: [] });
}

function read(documents: Documents, path: string) {
  return JSON.parse(documents.get(path)?.body.toString() ?? 'null');
}

describe('makeDocuments()', () => {
  it('tells how the tokens of the issuer are verified', () => {
    const keys = [ec, es384.parsed.verification, rs256.parsed.verification, secret];
    const documents = makeDocuments({ issuer: ISSUER, keys, claims: ['groups'] });
    assert.deepEqual(read(documents, CONFIGURATION), {
      issuer: ISSUER,
      jwks_uri: `${ISSUER}${KEYS}`,
      response_types_supported: ['id_token'],
      subject_types_supported: ['public'],
      id_token_signing_alg_values_supported: ['ES256', 'ES384', 'RS256'],
      claims_supported: ['iss', 'sub', 'aud', 'exp', 'nbf', 'iat', 'jti', 'username', 'uid', 'groups'],
    });
    assert.deepEqual(
      read(documents, KEYS).keys.map(({ kid }: { kid: string }) => kid),
      keys.slice(0, 3).map(({ kid }) => kid),
    );
  });

  it('puts the documents under the path of the issuer, and at the top for a proxy that takes it away', () => {
    for (const issuer of [`${ISSUER}/unix/prod`, `${ISSUER}/unix/prod/`]) {
      const documents = documentsOf(issuer);
      assert.deepEqual(
        [...documents.keys()].sort(),
        [KEYS, CONFIGURATION, `/unix/prod${KEYS}`, `/unix/prod${CONFIGURATION}`].sort(),
      );
      const configuration = read(documents, `/unix/prod${CONFIGURATION}`);
      assert.deepEqual([configuration.issuer, configuration.jwks_uri], [issuer, `${ISSUER}/unix/prod${KEYS}`]);
    }
    assert.equal(read(documentsOf(`${ISSUER}/`), CONFIGURATION).jwks_uri, `${ISSUER}${KEYS}`);
  });

  it('makes none for an issuer that no verifier would take', () => {
    const issuers = ['', 'pamhook', 'http://pamhook', 'https://', 'https:///x', 'https://a b', 'https://u:p@pamhook'];
    const suffixes = ['?', '?a=b', '#', '#x', '/x?y', '/x#y', '/x/../y', '/ü', '/a b', '/%zz/./', '\\x', '/x\\y'];
    for (const issuer of [...issuers, ...suffixes.map((suffix) => ISSUER + suffix)]) {
      assert.equal(documentsOf(issuer).size, 0, issuer);
    }
  });

  it('makes none while an HMAC secret signs, or nothing does', () => {
    assert.equal(documentsOf(ISSUER, [secret, ec]).size, 0);
    assert.equal(documentsOf(ISSUER, []).size, 0);
    assert.equal(read(documentsOf(ISSUER, [ec, secret]), KEYS).keys.length, 1);
  });
});

describe('GET /.well-known/', () => {
  it('is answered from what was made last, to be kept for a while, and with 304 to whoever has it', async (t) => {
    let documents = documentsOf(ISSUER);
    const { port } = await startFront(t, { documents: () => documents });
    const first = await ask(port, KEYS);
    assert.equal(first.status, 200);
    assert.equal(first.headers['content-type'], 'application/jwk-set+json');
    assert.equal(first.headers['cache-control'], `public, max-age=${DISCOVERY_MAX_AGE}`);
    assert.equal(first.headers['set-cookie'], undefined);
    assert.deepEqual(JSON.parse(first.body), read(documents, KEYS));
    const { etag = '' } = first.headers;

    for (const known of [etag, `"x", W/${etag}`, '*']) {
      const { status, headers, body } = await ask(port, KEYS, { headers: { 'if-none-match': known } });
      assert.deepEqual(
        [status, headers.etag, headers['cache-control'], body],
        [304, etag, first.headers['cache-control'], ''],
      );
    }
    documents = documentsOf(ISSUER, [es384.parsed.verification, ec]);
    const second = await ask(port, KEYS, { headers: { 'if-none-match': etag } });
    assert.equal(second.status, 200);
    assert.notEqual(second.headers.etag, etag);
    assert.equal(JSON.parse(second.body).keys.length, 2);

    const configuration = await ask(port, CONFIGURATION);
    assert.equal(configuration.headers['content-type'], 'application/json; charset=utf-8');
    const head = await ask(port, CONFIGURATION, { method: 'HEAD' });
    assert.deepEqual([head.status, head.body, head.headers.etag], [200, '', configuration.headers.etag]);
    assert.equal(head.headers['content-length'], configuration.headers['content-length']);
  });

  it('takes no other method, and no other spelling', async (t) => {
    const { port } = await startFront(t, { documents: () => documentsOf(`${ISSUER}/a`) });
    const posted = await ask(port, KEYS, { method: 'POST' });
    assert.deepEqual([posted.status, posted.headers.allow], [405, 'GET, HEAD']);
    assert.equal((await ask(port, `/a${KEYS}?x=y`)).status, 200);
    for (const path of [
      `/A${KEYS}`,
      `/a/${KEYS}`,
      `${KEYS}/`,
      '/.well-known/',
      '/.well-known/oauth-authorization-server',
    ]) {
      assert.equal((await ask(port, path)).status, 404, path);
    }
  });

  it('is 404 where there is nothing to tell', async (t) => {
    const { port } = await startFront(t);
    for (const method of ['GET', 'POST']) {
      const { status, headers } = await ask(port, CONFIGURATION, { method });
      assert.deepEqual([status, headers['cache-control']], [404, 'no-store']);
    }
  });

  it('may be kept for less time than a new key is published before it signs, and a Secret takes to arrive', () => {
    const { publishFor } = parseKeysArguments(['rotate', '--dir', '.']) as { publishFor: number };
    assert(DISCOVERY_MAX_AGE * 1000 + 120_000 < publishFor);
  });
});
