/** Holds the floors and the doors of the sources, and the top level of the repository; each rule is shown to catch its fault. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { faultsOf, strayEntries } from './layout/rules.js';
import { readSources, type SourceText } from './layout/source.js';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const { dependencies, optionalDependencies } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
  dependencies: Record<string, string>;
  optionalDependencies: Record<string, string>;
};
const PACKAGES = Object.keys({ ...dependencies, ...optionalDependencies });

function sourceTexts(): readonly SourceText[] {
  const files = readdirSync(join(ROOT, 'src'), { recursive: true, encoding: 'utf8' });
  return files
    .filter((file) => file.endsWith('.ts'))
    .map((file) => ({ file, text: readFileSync(join(ROOT, 'src', file), 'utf8') }));
}

function faultsIn(texts: readonly SourceText[]): readonly string[] {
  return readSources(texts).flatMap((source) => faultsOf(source, PACKAGES));
}

test('every source file keeps to the floors and the doors', () => {
  const texts = sourceTexts();
  assert.ok(texts.length > 10);
  assert.deepEqual(faultsIn(texts), []);
});

test('the top level of the repository holds what belongs there', () => {
  const ignored = readFileSync(join(ROOT, '.gitignore'), 'utf8').split('\n');
  assert.deepEqual(strayEntries(readdirSync(ROOT), ignored), []);
});

test('a stray entry at the top level is reported', () => {
  assert.deepEqual(strayEntries(['src', 'build', 'lib', 'utils.ts'], ['/build/']), ['lib', 'utils.ts']);
});

const BAD: readonly (readonly [what: string, file: string, text: string, fault: string])[] = [
  ['an import upward', 'keys/a.ts', "import { b } from '../token/b.js';", 'imports ../token/b.js, upward'],
  ['a type imported upward', 'log/a.ts', "import type { B } from '../http/b.js';", 'imports ../http/b.js, upward'],
  ['an import sideways', 'pam/a.ts', "import '../keys/b.js';", 'imports ../keys/b.js, sideways'],
  ['a re-export upward', 'identity/a.ts', "export * from '../token/b.js';", 'imports ../token/b.js, upward'],
  ['a named re-export upward', 'identity/a.ts', "export { b } from '../token/b.js';", 'imports ../token/b.js, upward'],
  ['an import() upward', 'token/a.ts', "await import('../http/b.js');", 'imports ../http/b.js, upward'],
  ['an import type upward', 'token/a.ts', "let b: import('../http/b.js').B;", 'imports ../http/b.js, upward'],
  ['an import by the package name upward', 'token/a.ts', "import '#src/cli/b.js';", 'imports #src/cli/b.js, upward'],
  ['the ground floor importing a folder', 'errors.ts', "import './log/b.js';", 'imports ./log/b.js, upward'],
  ['the ground floor importing its neighbour', 'errors.ts', "import './secret.js';", 'imports ./secret.js, sideways'],
  ['a folder without a floor', 'utils/a.ts', "import '../errors.js';", 'imports ../errors.js: utils has no floor'],
  ['a way out of src', 'cli/a.ts', "import '../../test/b.js';", 'imports ../../test/b.js: .. has no floor'],
  [
    'the credential plugin using the daemon',
    'kubectl/a.ts',
    "import '../keys/b.js';",
    'imports ../keys/b.js, a part of the daemon',
  ],
  [
    'the daemon using the client commands',
    'privsep/a.ts',
    "import '../kubectl/b.js';",
    'imports ../kubectl/b.js, upward',
  ],
  [
    'the client commands using the other commands',
    'kubectl/a.ts',
    "import '../cli/b.js';",
    'imports ../cli/b.js, a part of the daemon',
  ],
  ['express outside http', 'token/a.ts', "import express from 'express';", 'imports express, which only http may'],
  ['helmet outside http', 'privsep/a.ts', "import helmet from 'helmet';", 'imports helmet, which only http may'],
  [
    'jsonwebtoken outside keys',
    'token/a.ts',
    "import jwt from 'jsonwebtoken';",
    'imports jsonwebtoken, which only keys may',
  ],
  [
    'a file of express outside http',
    'token/a.ts',
    "import 'express/lib/x.js';",
    'imports express/lib/x.js, which only http may',
  ],
  ['convict outside config', 'cli/a.ts', "import convict from 'convict';", 'imports convict, which only config may'],
  [
    'the X.509 library outside cli',
    'keys/a.ts',
    "import('@peculiar/x509');",
    'imports @peculiar/x509, which only cli may',
  ],
  [
    'the Redis client outside privsep',
    'token/a.ts',
    "import('@redis/client');",
    'imports @redis/client, which only privsep may',
  ],
  [
    'node-gyp-build outside native',
    'pam/a.ts',
    "import 'node-gyp-build';",
    'imports node-gyp-build, which only native may',
  ],
  ['a .node file outside native', 'pam/a.ts', "require('../../a.node');", 'loads ../../a.node, which only native may'],
  [
    'createRequire() called in place',
    'pam/a.ts',
    "createRequire(import.meta.url)('node-gyp-build');",
    'imports node-gyp-build, which only native may',
  ],
  [
    'a function made by createRequire()',
    'pam/a.ts',
    "const load = module.createRequire(import.meta.url); load('node-gyp-build');",
    'imports node-gyp-build, which only native may',
  ],
  ['require.resolve()', 'pam/a.ts', "require.resolve('express');", 'imports express, which only http may'],
  [
    'child_process outside privsep',
    'pam/a.ts',
    "import 'node:child_process';",
    'imports node:child_process, which only privsep and kubectl may',
  ],
  [
    'child_process by its old name',
    'cli/a.ts',
    "import 'child_process';",
    'imports child_process, which only privsep and kubectl may',
  ],
  ['cluster anywhere', 'privsep/a.ts', "import 'node:cluster';", 'imports node:cluster, which nobody may'],
  ['an undeclared package', 'http/a.ts', "import 'left-pad';", 'imports left-pad, which is not among the dependencies'],
  [
    'a development package',
    'http/a.ts',
    "import 'fast-check';",
    'imports fast-check, which is not among the dependencies',
  ],
  ['a computed import()', 'cli/a.ts', 'import(name);', 'imports a module whose name is computed'],
  ['a computed require()', 'cli/a.ts', 'require(name);', 'imports a module whose name is computed'],
  [
    'process.env outside config',
    'http/a.ts',
    'f(process.env.HOME);',
    'uses process.env, which only config and kubectl may',
  ],
  [
    'process.env in a template',
    'http/a.ts',
    'f(`$' + '{process.env}`);',
    'uses process.env, which only config and kubectl may',
  ],
  ["process['env']", 'http/a.ts', "f(process['env']);", 'uses process.env, which only config and kubectl may'],
  ['process?.env', 'http/a.ts', 'f(process?.env);', 'uses process.env, which only config and kubectl may'],
  [
    'env taken out of process',
    'http/a.ts',
    'const { env: e } = process;',
    'uses process.env, which only config and kubectl may',
  ],
  ['env imported', 'http/a.ts', "import { env as e } from 'node:process';", 'imports node:process, which nobody may'],
  [
    'globalThis.process.env',
    'http/a.ts',
    'f(globalThis.process.env);',
    'uses process.env, which only config and kubectl may',
  ],
  [
    'process under another name',
    'http/a.ts',
    'const p = process;',
    'takes members of process whose names are computed',
  ],
  [
    'a computed member of process',
    'http/a.ts',
    'process[name]();',
    'takes members of process whose names are computed',
  ],
  [
    'process.kill outside privsep',
    'pam/a.ts',
    'process.kill(1);',
    'uses process.kill, which only privsep and kubectl may',
  ],
  ['process.dlopen outside native', 'pam/a.ts', 'process.dlopen(m, f);', 'uses process.dlopen, which only native may'],
  ...['setuid', 'seteuid', 'setgid', 'setegid', 'setgroups', 'initgroups'].map(
    (name) =>
      [
        `process.${name} outside privsep`,
        'cli/a.ts',
        `process.${name}?.(0);`,
        `uses process.${name}, which only privsep may`,
      ] as const,
  ),
];

test('each way of breaking a rule is reported', async (t) => {
  const sources = readSources(BAD.map(([, file, text]) => ({ file, text })));
  for (const [at, [what, file, , fault]] of BAD.entries()) {
    await t.test(what, () => {
      assert.deepEqual(
        sources.slice(at, at + 1).flatMap((source) => faultsOf(source, PACKAGES)),
        [`src/${file}: ${fault}`],
      );
    });
  }
});

test('what a file may do is not reported', () => {
  const good = [
    { file: 'http/a.ts', text: "import express from 'express'; import '../token/login.js'; import './routes/b.js';" },
    { file: 'privsep/a.ts', text: "import 'node:child_process'; process.kill(1); process.setuid?.(1);" },
    { file: 'config/a.ts', text: 'f(process.env); // import "express"' },
    { file: 'kubectl/a.ts', text: "import '../errors.js'; import '../secret.js'; import './b.js'; f(process.env);" },
    { file: 'cli/a.ts', text: "import '../kubectl/b.js';" },
    { file: 'cli/a.ts', text: "f(options.env, 'process.env', process.argv); run(process); import('../privsep/b.js');" },
  ];
  assert.deepEqual(faultsIn(good), []);
});
