/** Whatever a kubeconfig holds and however it is written: a merge adds what was asked for, and keeps all else. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parse, parseDocument } from 'yaml';
import { edited } from '#src/kubectl/kubeconfig/edited.js';
import { execBlock } from '#src/kubectl/kubeconfig/exec-block.js';
import { kubeconfigIn } from '#src/kubectl/kubeconfig/kubeconfig.js';
import { plan, type Wanted } from '#src/kubectl/kubeconfig/plan.js';
import { parseSource } from '#src/kubectl/kubeconfig/source.js';
import { EXTENSION } from '#src/kubectl/sources.js';
import { fc } from '../../harness/property.js';
import { anyKubeconfig, anyWriting } from './any-kubeconfig.js';

type Json = Record<string, unknown>;
type Lists = Record<'clusters' | 'users' | 'contexts', readonly { name: string; cluster?: Json | null }[] | null>;

const USER = 'the user of pamhook';
const CONTEXT = 'the context of pamhook';
const extension = { server: 'https://pamhook.example.org:6443', 'certificate-authority': '/etc/ca.crt' };
const exec = execBlock({ apiVersion: 'v1', command: 'pamhook', settings: {}, provideClusterInfo: true });

function merged(text: string, cluster: string): string {
  const config = kubeconfigIn(parseSource(text, 'config').value, 'config');
  const wanted: Wanted = {
    user: USER,
    exec,
    extension,
    extensible: new Set(Object.keys(extension)),
    clusters: [{ name: cluster, context: CONTEXT }],
    setCurrent: true,
  };
  return edited(text, 'config', plan([config], config, wanted).get('config') ?? []);
}

/** What is left when everything that was asked for is taken away again. */
function without({ 'current-context': _, ...after }: Json & Lists, name: string): Json {
  return {
    ...after,
    users: after.users?.filter((user) => user.name !== USER),
    contexts: after.contexts?.filter((context) => context.name !== CONTEXT),
    clusters: after.clusters?.map((entry) => {
      if (entry.name !== name) return entry;
      const { extensions: _gone, ...cluster } = entry.cluster ?? {};
      return { ...entry, cluster };
    }),
  };
}

/** null and no list are the same to kubectl. */
function tidy({ 'current-context': _, ...before }: Json & Lists, name: string): Json {
  const clusters = before.clusters?.map((entry) =>
    entry.name === name ? { ...entry, cluster: entry.cluster ?? {} } : entry,
  );
  return { ...before, clusters, users: before.users ?? [], contexts: before.contexts ?? [] };
}

function linesOf(text: string): readonly string[] {
  return text.split(/\r?\n/).filter((line) => !/^ *(- )*(users|contexts|current-context|cluster):|^$/.test(line));
}

test('a merge adds what was asked for to any kubeconfig, and keeps everything else, in order', () => {
  fc.assert(
    fc.property(anyKubeconfig, anyWriting, fc.nat(), (config, write, at) => {
      const text = write(config);
      const document = parseDocument(text, { logLevel: 'silent' });
      fc.pre(document.errors.length + document.warnings.length === 0);
      const before = document.toJS() as Json & Lists;
      // A comment may have become a part of a text of several lines.
      fc.pre(`${before['apiVersion'] ?? 'v1'} ${before['kind'] ?? 'Config'}` === 'v1 Config');
      const name = before.clusters?.[at % before.clusters.length]?.name ?? '';
      const result = merged(text, name);
      const after = parse(result) as Json & Lists;

      assert.equal(JSON.stringify(sorted(without(after, name))), JSON.stringify(sorted(tidy(before, name))));
      assert.deepEqual(after.users?.at(-1), { name: USER, user: { exec } });
      assert.deepEqual(after.contexts?.at(-1), { name: CONTEXT, context: { cluster: name, user: USER } });
      assert.deepEqual(after.clusters?.find((entry) => entry.name === name)?.cluster?.['extensions'], [
        { name: EXTENSION, extension },
      ]);
      assert.equal(after['current-context'], CONTEXT);
      const kept = linesOf(result);
      if (!text.startsWith('{')) for (const line of linesOf(text)) assert.ok(kept.includes(line), line);

      assert.equal(merged(result, name), result);
    }),
    { numRuns: 100, endOnFailure: true },
  );
});

/** Lists that were not there before stand at the end. */
function sorted(config: Json): Json {
  const { users, contexts, ...others } = config;
  return { ...others, users, contexts };
}
