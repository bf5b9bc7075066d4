import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { readSettings } from '#src/config/read-settings.js';
import { makeClaims } from '#src/token/claims.js';
import { documentedConfigurations, documentedFlags, documentedPamhookFlags } from './without-webhook.js';

/** A field: a leaf, the fields below it, or a list of either. */
type Fields = { readonly [name: string]: 'text' | 'texts' | Fields | readonly [Fields] };

const claimOrExpression: Fields = { claim: 'text', expression: 'text' };
const prefixedClaimOrExpression: Fields = { ...claimOrExpression, prefix: 'text' };

/** The JSON names in pkg/apis/apiserver/v1beta1/types.go of k8s.io/apiserver v0.30.0; those in v1 and v1beta1 of v0.34.0 to v0.36.0 have one more. */
const authenticationConfiguration: Fields = {
  apiVersion: 'text',
  kind: 'text',
  jwt: [
    {
      issuer: {
        url: 'text',
        discoveryURL: 'text',
        certificateAuthority: 'text',
        audiences: 'texts',
        audienceMatchPolicy: 'text',
      },
      claimValidationRules: [{ claim: 'text', requiredValue: 'text', expression: 'text', message: 'text' }],
      claimMappings: {
        username: prefixedClaimOrExpression,
        groups: prefixedClaimOrExpression,
        uid: claimOrExpression,
        extra: [{ key: 'text', valueExpression: 'text' }],
      },
      userValidationRules: [{ expression: 'text', message: 'text' }],
    },
  ],
};

/** kube-apiserver reads the file strictly: a field it does not know, or of another type, ends its start. */
function faultsIn(value: unknown, fields: Fields | 'text' | 'texts', at: string): string[] {
  if (fields === 'text') return typeof value === 'string' ? [] : [`${at} is no text`];
  if (fields === 'texts') return Array.isArray(value) ? value.flatMap((item) => faultsIn(item, 'text', at)) : [at];
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return [`${at} is no object`];
  return Object.entries(value).flatMap(([name, member]) => {
    const field = fields[name];
    if (field === undefined) return [`${at}.${name} is unknown`];
    if (!isList(field)) return faultsIn(member, field, `${at}.${name}`);
    const items = Array.isArray(member) ? member : ['no list'];
    return items.flatMap((item) => faultsIn(item, field[0], `${at}.${name}[]`));
  });
}

function isList(field: Fields[string]): field is readonly [Fields] {
  return Array.isArray(field);
}

interface Mapping {
  readonly claim?: string;
  readonly prefix?: string;
  readonly expression?: string;
}

interface Configuration {
  readonly apiVersion: string;
  readonly kind: string;
  readonly jwt: readonly {
    readonly issuer: { readonly url: string; readonly audiences: readonly string[] };
    readonly claimMappings: {
      readonly username: Mapping;
      readonly groups: Mapping;
      readonly uid: Mapping;
      readonly extra?: readonly { readonly key: string; readonly valueExpression: string }[];
    };
  }[];
}

const configurations = documentedConfigurations() as readonly Configuration[];

/** What every token has, and `groups`. */
const claims = Object.keys({
  ...makeClaims({ username: 'a', uid: '1', issuer: 'i', audience: ['a'], lifetime: 1, now: 0, jti: 'j' }),
  groups: [],
});

describe('docs/without-webhook.md', () => {
  it('has files for v1 and v1beta1 with no field but those of the types', () => {
    assert.deepEqual(
      configurations.map(({ apiVersion, kind }) => [apiVersion, kind]),
      ['v1', 'v1beta1'].map((version) => [`apiserver.config.k8s.io/${version}`, 'AuthenticationConfiguration']),
    );
    for (const configuration of configurations) {
      assert.deepEqual(faultsIn(configuration, authenticationConfiguration, configuration.apiVersion), []);
    }
    assert.deepEqual(faultsIn({ jwt: [{ issuers: {} }], kind: 1 }, authenticationConfiguration, 'it'), [
      'it.jwt[].issuers is unknown',
      'it.kind is no text',
    ]);
  });

  it('keeps to the rules by which kube-apiserver judges the file', () => {
    for (const { apiVersion, jwt } of configurations) {
      assert.equal(jwt.length, 1);
      for (const { issuer, claimMappings } of jwt) {
        const { protocol, search, hash, username } = new URL(issuer.url);
        assert.deepEqual([protocol, search, hash, username], ['https:', '', '', '']);
        assert.equal(issuer.audiences.length, 1, 'more would need audienceMatchPolicy');
        for (const mapping of [claimMappings.username, claimMappings.groups]) {
          assert.deepEqual(
            [typeof mapping.claim, typeof mapping.prefix, mapping.expression],
            ['string', 'string', undefined],
          );
        }
        const keys = (claimMappings.extra ?? []).map(({ key }) => key);
        // Reserved from 1.32 on, which is where `v1` begins.
        assert.deepEqual(keys, apiVersion.endsWith('/v1') ? [] : ['authentication.kubernetes.io/credential-id']);
      }
    }
  });

  it('maps claims that tokens have, the same by flags and by file', () => {
    const flags = documentedFlags();
    for (const { jwt } of configurations) {
      const { issuer, claimMappings } = jwt[0] ?? assert.fail();
      const { username, groups, uid, extra = [] } = claimMappings;
      const named = extra.flatMap(({ valueExpression }) =>
        [...valueExpression.matchAll(/claims\.(\w+)/g)].map(([, name]) => name),
      );
      for (const claim of [username.claim, groups.claim, uid.claim, ...named])
        assert(claims.includes(String(claim)), claim);
      assert.deepEqual(
        [issuer.url, issuer.audiences[0], username.claim, username.prefix, groups.claim, groups.prefix],
        ['issuer-url', 'client-id', 'username-claim', 'username-prefix', 'groups-claim', 'groups-prefix'].map((name) =>
          flags.get(`oidc-${name}`),
        ),
      );
    }
  });

  it('gives pamhook options that fit', () => {
    const required = ['-cert-file', 'c', '-key-file', 'k'];
    const invocation = readSettings({ argv: [...required, ...documentedPamhookFlags()], env: {} });
    assert('settings' in invocation);
    const { serverName, audience, tokenClaims } = invocation.settings;
    const flags = documentedFlags();
    assert.deepEqual(
      [serverName, audience, tokenClaims],
      [flags.get('oidc-issuer-url'), [flags.get('oidc-client-id')], ['groups']],
    );
    assert.deepEqual(invocation.warnings, []);
  });
});
