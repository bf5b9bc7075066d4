import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { stringify as yaml } from 'yaml';
import { LONGEST_TEMPLATE, parseKubeconfigTemplate } from '#src/config/kubeconfig-template.js';
import { ConfigurationError } from '#src/errors.js';
import { createCertificate } from '../harness/certificate.js';

const stringify = (value: object) => yaml(value, { aliasDuplicateObjects: false });
const { cert, key } = await createCertificate();
const base64 = (text: string | Buffer) => Buffer.from(text).toString('base64');
const ca = base64(cert);
const cluster = { server: 'https://a.example', 'certificate-authority-data': ca };
const of = (more: object, own: object = {}) =>
  stringify({ apiVersion: 'v1', kind: 'Config', clusters: [{ name: 'a', cluster: { ...cluster, ...own } }], ...more });

function faultOf(text: string): string {
  try {
    parseKubeconfigTemplate(text, 'kubecfg-template f');
  } catch (error) {
    assert.ok(error instanceof ConfigurationError, String(error));
    return error.message;
  }
  return assert.fail('nothing was thrown');
}

describe('a kubeconfig template', () => {
  it('keeps all of its clusters, contexts, current-context and extensions', () => {
    const extensions = [{ name: 'x', extension: { any: ['thing'] } }];
    const given = {
      clusters: [
        { name: 'a', cluster: { ...cluster, 'proxy-url': 'http://proxy:3128', 'tls-server-name': 'b', extensions } },
        { name: 'b', cluster: { server: 'https://b.example:6443/path' } },
      ],
      contexts: [{ name: 'work', context: { cluster: 'a', namespace: 'team', extensions } }],
      'current-context': 'b',
      preferences: { colors: true },
    };
    const { document, user, warnings } = parseKubeconfigTemplate(stringify(given), 'f');
    assert.deepEqual(document['clusters'], given.clusters);
    assert.deepEqual(document['contexts'], [
      { name: 'work', context: { cluster: 'a', namespace: 'team', extensions, user: 'pamhook' } },
      { name: 'b', context: { cluster: 'b', user: 'pamhook' } },
    ]);
    assert.deepEqual([document['current-context'], document['preferences']], ['b', { colors: true }]);
    assert.deepEqual([document['apiVersion'], document['kind'], user, warnings], ['v1', 'Config', 'pamhook', []]);
  });

  it('may name the user in its contexts, and needs no context for one cluster', () => {
    assert.equal(parseKubeconfigTemplate(of({}), 'f').document['current-context'], 'a');
    const contexts = [{ name: 'c', context: { cluster: 'a', user: 'me' } }];
    assert.equal(parseKubeconfigTemplate(of({ contexts }), 'f').user, 'me');
  });

  const secrets: Record<string, string> = {
    'a user with a token': of({ users: [{ name: 'u', user: { token: 'hunter2' } }] }),
    'a user alone': of({ users: [{ name: 'u', user: {} }] }),
    'a password in a context': of({ contexts: [{ name: 'c', context: { cluster: 'a', password: 'hunter2' } }] }),
    'a token in an extension': of({}, { extensions: [{ name: 'x', extension: { deep: [{ token: 'hunter2' }] } }] }),
    'an exec block': of({ preferences: { exec: { command: 'hunter2' } } }),
    'a client key': of({}, { 'client-key-data': 'hunter2' }),
    'a private key beside the CA': of({}, { 'certificate-authority-data': base64(`${cert}${key}`) }),
    'a password in the proxy': of({}, { 'proxy-url': 'http://me:hunter2@proxy:3128' }),
    'a password in the server': of({}, { server: 'https://me:hunter2@a.example' }),
  };
  for (const [what, text] of Object.entries(secrets)) {
    it(`is refused with ${what} in it, which is not told`, () => {
      const message = faultOf(text);
      assert.match(message, /^kubecfg-template f: /);
      assert.doesNotMatch(message, /hunter2|PRIVATE KEY-/);
    });
  }

  const broken: Record<string, [string, RegExp]> = {
    'no YAML': ['clusters: [', /is not valid YAML/],
    empty: ['', /has no clusters/],
    'a list': ['- a', /must hold a kubeconfig/],
    'of another kind': [of({ kind: 'Secret' }), /its kind is not Config/],
    mistyped: [of({ 'curent-context': 'a' }), /unknown key "curent-context"/],
    'without a server': [of({}, { server: undefined }), /cluster "a" has no server/],
    'with a CA that is none': [of({}, { 'certificate-authority-data': 'eA==' }), /no PEM certificate in base64/],
    'with two clusters of one name': [
      stringify({ clusters: [1, 2].map(() => ({ name: 'a', cluster })) }),
      /has two clusters "a"/,
    ],
    'with a context for nothing': [of({ contexts: [{ name: 'c', context: { cluster: 'z' } }] }), /not there/],
    'with a current-context that is none': [of({ 'current-context': 'z' }), /none of its contexts/],
    'with contexts of two users': [
      of({ contexts: ['u', 'v'].map((user) => ({ name: user, context: { cluster: 'a', user } })) }),
      /different users/,
    ],
    'with an alias': ['clusters: &a [{name: a, cluster: {server: "https://a"}}]\ncontexts: *a', /has an alias/],
    'too deep': [of({ preferences: JSON.parse(`${'{"a":'.repeat(40)}1${'}'.repeat(40)}`) }), /nested too deeply/],
    'too large': [`# ${'x'.repeat(LONGEST_TEMPLATE)}\n${of({})}`, /is larger than 256 KiB/],
    'with a NUL': [
      of({}, { 'tls-server-name': 'a' }).replace('tls-server-name: a', 'tls-server-name: "a\0"'),
      /control/,
    ],
  };
  for (const [what, [text, says]] of Object.entries(broken)) {
    it(`is refused ${what}`, () => assert.match(faultOf(text), says));
  }

  it('is taken with a warning where who is on the way could get tokens', () => {
    const { warnings } = parseKubeconfigTemplate(of({}, { 'insecure-skip-tls-verify': true, server: 'http://a' }), 'f');
    assert.equal(warnings.length, 2);
    assert.match(warnings.join(), /without TLS.*insecure-skip-tls-verify/);
  });
});
