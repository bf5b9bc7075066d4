/** Changes in the text of a kubeconfig: what is not changed stays byte for byte, or the file is left alone. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parse } from 'yaml';
import { ConfigurationError } from '#src/errors.js';
import type { Change } from '#src/kubectl/kubeconfig/change.js';
import { edited } from '#src/kubectl/kubeconfig/edited.js';

const ENTRY = { name: 'new', user: { exec: { command: 'pamhook', args: ['credential'] } } };
const addUser = (at: number): Change => ({ path: ['users', at], value: ENTRY });
const change = (text: string, ...changes: Change[]) => edited(text, 'config', changes);

/** What kubectl writes. */
const KUBECTL = `apiVersion: v1
clusters:
- cluster:
    server: https://a.example:6443
  name: a
contexts: []
current-context: ""
kind: Config
preferences: {}
users:
- name: admin
  user:
    token: t
`;

/** What a person writes. */
const BY_HAND = `# mine: do not touch
apiVersion: v1
kind: Config

# the clusters
clusters:
    -   name: a   # the first
        cluster:
            certificate-authority-data: |
                QUJD
            server: "https://a.example:6443"   # by name

    # the second
    -   cluster: {server: 'https://b.example:6443', proxy-url: }
        name: b
users:
    -   name: admin
        user:
            token: t
            # or password: p
contexts:   # none yet
current-context:   # nothing
x-mine: [1, 0x10, 1e3, ~, yes]
`;

describe('edited()', () => {
  it('adds an entry behind the last as kubectl would write it, and changes no other byte', () => {
    const added = `- name: new
  user:
    exec:
      command: pamhook
      args:
      - credential
`;
    assert.equal(change(KUBECTL, addUser(1)), KUBECTL + added);
  });

  it('adds to lists, to empty lists and to nothing, between comments and in any indentation', () => {
    const result = change(
      BY_HAND,
      addUser(1),
      { path: ['clusters', 0, 'cluster', 'extensions', 0], value: { name: 'e', extension: { server: 'https://p' } } },
      { path: ['contexts', 0], value: { name: 'dev', context: { cluster: 'a', user: 'new' } } },
      { path: ['current-context'], value: 'dev' },
    );
    assert.equal(
      result,
      `# mine: do not touch
apiVersion: v1
kind: Config

# the clusters
clusters:
    -   name: a   # the first
        cluster:
            certificate-authority-data: |
                QUJD
            server: "https://a.example:6443"   # by name
            extensions:
            - name: e
              extension:
                server: https://p

    # the second
    -   cluster: {server: 'https://b.example:6443', proxy-url: }
        name: b
users:
    -   name: admin
        user:
            token: t
            # or password: p
    - name: new
      user:
        exec:
          command: pamhook
          args:
          - credential
contexts:
- name: dev
  context:
    cluster: a
    user: new   # none yet
current-context: dev   # nothing
x-mine: [1, 0x10, 1e3, ~, yes]
`,
    );
  });

  it('changes a scalar and not what is said beside it', () => {
    const text = 'kind: Config\ncurrent-context: "a" # the usual\n# end';
    assert.equal(
      change(text, { path: ['current-context'], value: 'b' }),
      'kind: Config\ncurrent-context: b # the usual\n# end',
    );
  });

  it('changes a list of arguments and no more', () => {
    const text =
      'users:\n- name: a\n  user:\n    exec:\n      args:\n      - x\n      # old\n      - y\n      command: c # kept\n';
    const change_ = { path: ['users', 0, 'user', 'exec', 'args'], value: ['z'] };
    assert.throws(() => change(text, change_), /without losing something/);
    assert.equal(
      change(text.replace('      # old\n', ''), change_),
      'users:\n- name: a\n  user:\n    exec:\n      args:\n      - z\n      command: c # kept\n',
    );
  });

  it('keeps the ends of lines that Windows has', () => {
    const text = KUBECTL.replaceAll('\n', '\r\n');
    const result = change(text, addUser(1));
    assert.ok(result.startsWith(text));
    assert.doesNotMatch(result, /[^\r]\n/);
  });

  it('begins a line of its own where the last one has no end', () => {
    const result = change(KUBECTL.trimEnd(), addUser(1));
    assert.ok(result.startsWith(`${KUBECTL}- name: new\n`));
  });

  it('fills a file that is empty, or has comments alone', () => {
    assert.deepEqual(parse(change('', addUser(0))), { users: [ENTRY] });
    const result = change('# nothing yet\n', addUser(0));
    assert.ok(result.startsWith('# nothing yet\nusers:\n'));
  });

  for (const indentation of [undefined, 2, '\t']) {
    it(`keeps JSON as JSON, indented by ${JSON.stringify(indentation)}`, () => {
      const value = { kind: 'Config', users: null, clusters: [{ name: 'a' }] };
      const result = change(`${JSON.stringify(value, null, indentation)}\n`, addUser(0));
      assert.equal(result, `${JSON.stringify({ ...value, users: [ENTRY] }, null, indentation)}\n`);
    });
  }

  it('puts what is new between the braces where there are some', () => {
    const text = '{kind: Config, users: [ # mine\n {name: a}], contexts: []} # end\n';
    const context = { name: 'b', context: {} };
    const result = change(
      text,
      addUser(1),
      { path: ['contexts', 0], value: context },
      { path: ['kind'], value: 'C, d' },
    );
    const [entry, other] = [JSON.stringify(ENTRY), JSON.stringify(context)];
    assert.equal(result, `{kind: "C, d", users: [ # mine\n {name: a}, ${entry}], contexts: [${other}]} # end\n`);
  });

  it('writes YAML anew where nothing can be put in between, and keeps its comments', () => {
    const anchor = change('&a kind: Config   # mine\nx: 1\n# end\n', addUser(0));
    assert.match(anchor, /^&a kind: Config # mine\nx: 1\nusers:\n- name: new\n[\s\S]*# end\n$/);
    assert.deepEqual(parse(anchor), { kind: 'Config', x: 1, users: [ENTRY] });
    // Put where the first key stands, it would become a part of x.
    assert.deepEqual(parse(change('&a x:\n   y: 1\n', addUser(0))), { x: { y: 1 }, users: [ENTRY] });
    const explicit = change('? kind\n: Config # mine\n', addUser(0));
    assert.match(explicit, /^kind: Config # mine\nusers:\n/);
  });

  it('keeps JSON as JSON however it is laid out', () => {
    const result = change('{ "kind" : "Config",\n "users":[ ] }', addUser(0));
    assert.equal(result, `{ "kind" : "Config",\n "users": [${JSON.stringify(ENTRY)}] }`);
  });

  for (const name of [
    'yes',
    'no',
    'on',
    '1e3',
    '0x10',
    '012',
    '1:30',
    'null',
    '~',
    '',
    '=',
    '2026-11-28',
    '- a',
    '#',
    'ü',
    '"',
  ]) {
    it(`writes the name ${JSON.stringify(name)} as a string for YAML 1.1 and 1.2`, () => {
      const result = change(KUBECTL, { path: ['current-context'], value: name });
      for (const version of ['1.1', '1.2'] as const) assert.equal(parse(result, { version })['current-context'], name);
    });
  }

  for (const [what, text] of Object.entries({
    'an alias': 'users: &u\n- name: a\ncontexts: *u\n',
    'a merge key': 'users:\n- <<: {a: 1}\n  name: a\n',
    'several documents': 'kind: Config\n---\nkind: Config\n',
    'what is no YAML': 'users: [\n',
    'a key twice': 'users: []\nusers: []\n',
    'an unknown tag': 'users: !mine []\n',
    'a list': '- kind: Config\n',
    'a word': 'Config\n',
    'tabs for indentation': 'users:\n\t- name: a\n',
    'a map in a list in a map, and so on, 1,000 deep': '[{a: '.repeat(500) + '}]'.repeat(500),
  })) {
    it(`refuses ${what}, and shows nothing of it`, () => {
      assert.throws(
        () => change(text, addUser(0)),
        (error: Error) => error instanceof ConfigurationError && /^config [^\n]*$/.test(error.message),
      );
    });
  }

  it('takes 63 maps and lists in each other, and no more', () => {
    const nested = (depth: number) => `x: ${'['.repeat(depth - 1)}${']'.repeat(depth - 1)}\n`;
    assert.ok(change(nested(63), addUser(0)).startsWith(nested(63)));
    assert.throws(() => change(nested(64), addUser(0)), /is nested too deeply/);
  });
});
