/** Any kubeconfig, as any tool or person might have written it. */
import type { Arbitrary } from 'fast-check';
import { stringify } from 'yaml';
import { anyText } from '../../harness/any-text.js';
import { fc } from '../../harness/property.js';

type Json = Readonly<Record<string, unknown>>;

const value = fc.oneof(
  anyText({ maxLength: 12 }),
  fc.constantFrom('yes', '0x10', '# no comment', ' - x', 'a: b', 'two\nlines\n', '|', "it's", '"', '~'),
  fc.integer(),
  fc.boolean(),
  fc.constant(null),
  fc.array(fc.oneof(fc.string({ maxLength: 5 }), fc.integer()), { maxLength: 3 }),
  fc.dictionary(fc.string({ minLength: 1, maxLength: 5 }), fc.string({ maxLength: 5 }), {
    maxKeys: 3,
    noNullPrototype: true,
  }),
);
const fields = (...names: string[]) =>
  fc.dictionary(fc.oneof(fc.constantFrom(...names), fc.string({ minLength: 1, maxLength: 6 })), value, {
    maxKeys: 4,
    noNullPrototype: true,
  });

function entries(member: string, ...names: string[]): Arbitrary<readonly Json[]> {
  const entry = fc.tuple(anyText({ minLength: 1, maxLength: 8 }), fields(...names), fc.boolean());
  return fc
    .uniqueArray(entry, { maxLength: 4, selector: ([name]) => name })
    .map((list) =>
      list.map(([name, body, nameFirst]) => (nameFirst ? { name, [member]: body } : { [member]: body, name })),
    );
}

/** `clusters` has at least one, the users none that logs in by pamhook. */
export const anyKubeconfig: Arbitrary<Json> = fc
  .record({
    head: fc.constantFrom({ apiVersion: 'v1', kind: 'Config' }, { kind: 'Config' }, {}),
    clusters: entries('cluster', 'server', 'certificate-authority-data', 'proxy-url').filter((list) => list.length > 0),
    users: fc.oneof(entries('user', 'token', 'username'), fc.constant(null)),
    contexts: fc.oneof(entries('context', 'namespace'), fc.constant(null)),
    more: fields('preferences', 'x-mine', 'extensions'),
  })
  .map(({ head, more, ...lists }) => ({ ...head, ...more, ...lists }))
  .chain((config) =>
    fc
      .shuffledSubarray(Object.keys(config), { minLength: Object.keys(config).length })
      .map((keys) => Object.fromEntries(keys.map((key) => [key, config[key as keyof typeof config]]))),
  );

/** The ways in which it is written; comments stand between lines that begin with a key or a dash. */
export const anyWriting: Arbitrary<(config: Json) => string> = fc
  .record({
    indent: fc.constantFrom(2, 3, 4, 8),
    indentSeq: fc.boolean(),
    quotes: fc.constantFrom('PLAIN', 'QUOTE_DOUBLE', 'QUOTE_SINGLE', 'BLOCK_LITERAL'),
    comments: fc.infiniteStream(fc.constantFrom([], [], [], ['# one'], ['     # two'], [''], ['', '# three', ''])),
    ending: fc.constantFrom('\n', '', '\n\n', '\n# end', '\n...\n'),
    json: fc.constantFrom<false | number>(false, false, false, 0, 2),
    crlf: fc.boolean(),
  })
  .map(({ json, comments, ending, crlf, quotes, ...options }) => (config) => {
    if (json !== false) return JSON.stringify(config, null, json);
    const text = stringify(config, {
      ...options,
      lineWidth: 0,
      defaultStringType: quotes,
      defaultKeyType: 'PLAIN',
      aliasDuplicateObjects: false,
    });
    const lines = text.trimEnd().split('\n');
    const commented = lines.flatMap((line) =>
      /^( *- )*[a-z-]+:/.test(line) ? [...comments.next().value, line] : [line],
    );
    return (commented.join('\n') + ending).replaceAll('\n', crlf ? '\r\n' : '\n');
  });
