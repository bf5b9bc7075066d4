/** What may stand at the cursor, before any shell; the shells themselves complete in shells.test.ts. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { CHECK_USAGE } from '#src/cli/check/arguments.js';
import { wholeGrammar } from '#src/cli/completion.js';
import { INIT_USAGE } from '#src/cli/init/arguments.js';
import { KEYS_USAGE } from '#src/cli/keys/arguments.js';
import { VERIFY_USAGE } from '#src/cli/verify/arguments.js';
import { commands as daemonCommands } from '#src/config/help.js';
import { optionNames } from '#src/config/options.js';
import { completionAnswer } from '#src/kubectl/completion/answer.js';
import { clientGrammar } from '#src/kubectl/completion/grammar.js';
import { commandFlags } from '#src/kubectl/flags.js';
import { clientSummaries } from '#src/kubectl/summaries.js';
import { anyString } from '../../harness/any-text.js';
import { fc } from '../../harness/property.js';
import { scratchDirectory } from '../../harness/scratch.js';

const whole = wholeGrammar();

/** The candidates without what they do, and the directive. */
async function answer(line: string, grammar = whole, environment = {}): Promise<string[]> {
  const text = await completionAnswer(line.split(' '), grammar, environment);
  return text
    .trimEnd()
    .split('\n')
    .map((each) => each.split('\t')[0] ?? '');
}

describe('completion', () => {
  it('knows every command of pamhook, and kubectl pamhook the client commands', async () => {
    const clients = Object.keys(clientSummaries);
    assert.deepEqual(await answer(''), [...Object.keys(daemonCommands), ...clients, ':4']);
    assert.deepEqual(await answer('', clientGrammar()), [...clients, ':4']);
    assert.deepEqual(await answer('lo'), ['login', 'logout', ':4']);
    assert.deepEqual(await answer('-v', clientGrammar()), ['-version', ':4']);
  });

  it('knows every flag of every client command', async () => {
    for (const [name, flags] of Object.entries(commandFlags)) {
      assert.deepEqual(await answer(`${name} -`), [...flags.map((flag) => `--${flag}`), ':4']);
    }
  });

  for (const [name, usage] of Object.entries({
    init: INIT_USAGE,
    keys: KEYS_USAGE,
    check: CHECK_USAGE,
    verify: VERIFY_USAGE,
  })) {
    it(`knows every flag in the help of ${name}, and no other`, async () => {
      const inHelp = [...usage.matchAll(/^ {2}--([\w-]+)/gm)].map(([, flag]) => flag ?? '');
      const ofServe = /\[flags of pamhook serve\]|^All options of pamhook serve/m.test(usage) ? optionNames : [];
      const expected = [...new Set([...inHelp, ...ofServe])].map((flag) => `--${flag}`);
      assert.deepEqual((await answer(`${name} -`)).sort(), [...expected, ':4'].sort());
    });
  }

  it('knows every option of serve, with the command or without it, with one dash or two', async () => {
    assert.deepEqual(await answer('serve -'), [...optionNames.map((name) => `--${name}`), ':4']);
    assert.deepEqual(await answer('-signing'), ['-signing-key', '-signing-key-file', ':4']);
    assert.deepEqual(await answer('--bind'), ['--bind-address', '--bind-port', ':4']);
  });

  it('offers words for values that are words, and for the arguments of keys and completion', async () => {
    assert.deepEqual(await answer('login --cache '), ['keyring', 'file', 'none', ':4']);
    assert.deepEqual(await answer('login -cache f'), ['file', ':4']);
    assert.deepEqual(await answer('login --cache=k'), ['keyring', ':4']);
    assert.deepEqual(await answer('-log-format '), ['auto', 'text', 'json', ':4']);
    assert.deepEqual(await answer('kubeconfig --api-version '), ['v1', 'v1beta1', ':4']);
    assert.deepEqual(await answer('init --kubernetes='), ['kubeadm', 'k3s', 'static', ':4']);
    assert.deepEqual(await answer('keys '), ['rotate', 'list', ':4']);
    assert.deepEqual(await answer('keys rotate --type r'), ['rsa', ':4']);
    assert.deepEqual(await answer('completion '), ['bash', 'zsh', 'fish', ':4']);
    assert.deepEqual(await answer('completion bash '), [':4']);
  });

  it('leaves paths to the shell, and offers no file where none is meant', async () => {
    for (const line of [
      'login --certificate-authority ',
      'login --certificate-authority=x',
      'serve -key-file ',
      'kubeconfig --kubeconfig ',
    ]) {
      assert.deepEqual(await answer(line), [':0'], line);
    }
    assert.deepEqual(await answer('init --dir '), [':16']);
    for (const line of [
      'login --server ',
      'serve -bind-port ',
      'login x',
      'nonsense ',
      'nonsense --',
      'login --cache file x',
    ]) {
      assert.deepEqual(await answer(line), [':4'], line);
    }
  });

  it('offers a flag once, unless it may be repeated', async () => {
    const flags = await answer('kubeconfig --user x --cluster a --stdout --');
    assert.ok(!flags.includes('--user') && !flags.includes('--stdout'));
    assert.ok(flags.includes('--cluster') && flags.includes('--context'));
    assert.deepEqual(await answer('login --password-stdin --password'), ['--password-command', ':4']);
  });

  it('takes clusters, contexts and users from the kubeconfig that kubectl would take, or the one on the line', async (t) => {
    const HOME = scratchDirectory(t);
    const [KUBECONFIG, other] = [join(HOME, 'one'), join(HOME, 'other')];
    const entries = (...names: string[]) => JSON.stringify(names.map((name) => ({ name })));
    writeFileSync(
      KUBECONFIG,
      `kind: Config\nclusters: ${entries('arn:aws:x/dev', 'prod', 'a\nb')}\nusers: ${entries('admin')}\n`,
    );
    writeFileSync(other, `kind: Config\nclusters: ${entries('elsewhere')}\ncontexts: ${entries('here')}\n`);
    const environment = { HOME, KUBECONFIG };
    assert.deepEqual(await answer('kubeconfig --cluster ', whole, environment), ['arn:aws:x/dev', 'prod', ':4']);
    assert.deepEqual(await answer('kubeconfig --cluster=arn:', whole, environment), ['arn:aws:x/dev', ':4']);
    assert.deepEqual(await answer('kubeconfig --user ', whole, environment), ['admin', ':4']);
    assert.deepEqual(await answer('login --kubeconfig ~/other --context ', whole, environment), ['here', ':4']);
    assert.deepEqual(await answer('login --kubeconfig /nonexistent --context ', whole, environment), [':4']);
    writeFileSync(other, 'kind: [');
    assert.deepEqual(await answer('login --kubeconfig ~/other --context ', whole, environment), [':4']);
  });

  it('says in one line each what things do, and ends with the directive, whatever is typed', async () => {
    const names = fc.constantFrom(
      ...Object.keys(whole.commands),
      '--server',
      '--cache=',
      '-',
      '--',
      '',
      '__proto__',
      '--constructor',
    );
    await fc.assert(
      fc.asyncProperty(fc.array(fc.oneof(names, anyString())), async (words) => {
        const text = await completionAnswer(words, whole, { HOME: '/nonexistent' });
        assert.match(text, /^(?:[^\t\n]+(?:\t[^\t\n]{1,100})?\n)*:(?:0|4|16)\n$/);
      }),
    );
  });
});
