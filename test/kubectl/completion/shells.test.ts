/** bash, zsh and fish complete command lines of pamhook by the scripts of `pamhook completion`; a person types them at a terminal. */
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { MAIN } from '../../daemon/daemon-harness.js';
import { scratchDirectory } from '../../harness/scratch.js';
import { kubectls } from '../kubeconfig/called.js';
import { PLUGIN } from '../scene.js';
import { atTerminal, type Person } from '../terminal.js';

const COMPLETE = fileURLToPath(new URL('../../../../dist/kubectl/complete-main.js', import.meta.url));
const KUBECONFIG = `kind: Config
clusters:
- {name: "arn:aws:eks:eu:1:cluster/dev", cluster: {server: "https://a"}}
- {name: one two, cluster: {server: "https://b"}}
`;

/** A home with pamhook installed, some files, and the script of the shell. */
function install(t: TestContext, shell = 'bash') {
  const home = scratchDirectory(t);
  const bin = join(home, 'bin');
  mkdirSync(bin);
  for (const [name, main] of Object.entries({
    pamhook: MAIN,
    'kubectl-pamhook': PLUGIN,
    'kubectl_complete-pamhook': COMPLETE,
  })) {
    writeFileSync(join(bin, name), `#!/bin/sh\nexec ${process.execPath} ${main} "$@"\n`);
    chmodSync(join(bin, name), 0o755);
  }
  mkdirSync(join(home, 'certificates'));
  writeFileSync(join(home, 'certificates', 'authority.pem'), '');
  writeFileSync(join(home, 'config'), KUBECONFIG);
  const env = {
    PATH: `${bin}:${process.env['PATH']}`,
    HOME: home,
    KUBECONFIG: join(home, 'config'),
    TERM: 'dumb',
    LC_ALL: 'C.UTF-8',
  };
  const script = join(home, `completion.${shell}`);
  writeFileSync(script, execFileSync(join(bin, 'pamhook'), ['completion', shell], { env }));
  return { home, env, script };
}

/** All of it on the terminal. */
function shell(t: TestContext, env: NodeJS.ProcessEnv, ...command: readonly string[]): Person {
  return atTerminal(t, ['sh', '-c', 'exec "$@" </dev/tty >/dev/tty 2>&1', 'sh', ...command], { env });
}

function bash(t: TestContext): Person {
  const { home, env, script } = install(t);
  const show = `show() { printf 'line <%s>\\n' "$READLINE_LINE"; READLINE_LINE=; READLINE_POINT=0; }`;
  writeFileSync(join(home, 'rc'), `. ${script}\nPS1='ready '\ncd\n${show}\nbind -x '"\\C-t": show'\n`);
  return shell(t, env, 'bash', '--noprofile', '--rcfile', join(home, 'rc'), '-i');
}

function needs(program: string) {
  return { skip: spawnSync(program, ['--version']).error === undefined ? false : `needs ${program}` };
}

/** What is typed before the Tab, and what the line then is. */
const LINES = {
  'pamhook kubec': 'pamhook kubeconfig ',
  'pamhook login --certificate-a': 'pamhook login --certificate-authority ',
  'pamhook serve -log-form': 'pamhook serve -log-format ',
  'pamhook -log-format js': 'pamhook -log-format json ',
  'pamhook token --cache keyr': 'pamhook token --cache keyring ',
  'pamhook token --cache=keyr': 'pamhook token --cache=keyring ',
  'pamhook completion zs': 'pamhook completion zsh ',
  'pamhook token --certificate-authority certificates/au':
    'pamhook token --certificate-authority certificates/authority.pem ',
  'pamhook token --certificate-authority=certificates/au':
    'pamhook token --certificate-authority=certificates/authority.pem ',
  'pamhook token --certificate-authority certif': 'pamhook token --certificate-authority certificates/',
  'pamhook init --dir certif': 'pamhook init --dir certificates/',
  'kubectl-pamhook who': 'kubectl-pamhook whoami ',
};

/** Colons end words for bash. */
const CLUSTERS = {
  'pamhook kubeconfig --cluster arn:aws:e': 'pamhook kubeconfig --cluster arn:aws:eks:eu:1:cluster/dev ',
  'pamhook kubeconfig --cluster=ar': 'pamhook kubeconfig --cluster=arn:aws:eks:eu:1:cluster/dev ',
};

/** One shell for all: each line is typed, completed, shown and taken away. */
async function completesEach(person: Person, lines: Readonly<Record<string, string>>): Promise<void> {
  await person.sees('ready ');
  for (const [typed, line] of Object.entries(lines)) {
    person.types(`${typed}\t\u0014`);
    await person.sees(`line <${line}>`);
  }
}

const QUOTED = { 'pamhook kubeconfig --cluster on': 'pamhook kubeconfig --cluster one\\ two ' };

describe('bash', needs('bash'), () => {
  it('completes commands, flags, words, paths and names', async (t) => {
    const person = bash(t);
    await completesEach(person, { ...LINES, ...CLUSTERS, ...QUOTED });
  });

  it('completes in front of what stands behind the cursor', async (t) => {
    const person = bash(t);
    const behind = ' --username x';
    await completesEach(person, {
      [`pamhook login --cach${behind}${'\u0002'.repeat(behind.length)}`]: `pamhook login --cache${behind}`,
    });
  });
});

describe('zsh', needs('zsh'), () => {
  it('completes commands, flags, words, paths and names', async (t) => {
    const { home, env, script } = install(t, 'zsh');
    const show = `show() { zle -I; print -r -- "line <$BUFFER>"; BUFFER= }\nzle -N show\nbindkey '^T' show\n`;
    const start = `autoload -U compinit\ncompinit -D -u\n. ${script}\nPS1='ready '\ncd\n${show}`;
    writeFileSync(join(home, '.zshrc'), start);
    const person = shell(t, env, 'zsh', '-o', 'no_global_rcs', '-i');
    await completesEach(person, { ...LINES, ...CLUSTERS, ...QUOTED });
  });

  it('finds the script in its fpath as _pamhook too', async (t) => {
    const { home, env, script } = install(t, 'zsh');
    mkdirSync(join(home, 'functions'));
    renameSync(script, join(home, 'functions', '_pamhook'));
    const start = 'fpath=(~/functions $fpath)\nautoload -U compinit\ncompinit -D -u\nPS1="ready "\n';
    writeFileSync(join(home, '.zshrc'), start);
    const person = shell(t, env, 'zsh', '-o', 'no_global_rcs', '-i');
    await person.sees('ready ');
    person.types('pamhook kubec\t');
    await person.sees('pamhook kubeconfig ');
  });
});

describe('fish', needs('fish'), () => {
  it('completes commands, flags, words, paths and names', (t) => {
    const { env, script } = install(t, 'fish');
    const lines = { ...LINES, ...CLUSTERS, 'pamhook kubeconfig --cluster on': 'pamhook kubeconfig --cluster one two' };
    // Its own way to ask: it prints the last word whole, and behind a tab what that does.
    const asks = Object.keys(lines).map((typed) => `complete -C "${typed}"; echo`);
    const printed = execFileSync('fish', ['--no-config', '-c', `cd; source ${script}; ${asks.join('; ')}`], {
      env,
      encoding: 'utf8',
    });
    const words = printed
      .trimEnd()
      .split('\n\n')
      .map((word) => word.replace(/\t.*/, ''));
    const expected = Object.entries(lines).map(([typed, line]) => line.trimEnd().slice(typed.lastIndexOf(' ') + 1));
    assert.deepEqual(words, expected);
  });

  it('shows what things do', (t) => {
    const { env, script } = install(t, 'fish');
    const ask = ['--no-config', '-c', `source ${script}; complete -C "pamhook whoa"`];
    assert.equal(
      execFileSync('fish', ask, { env, encoding: 'utf8' }),
      'whoami\tshows whose token is kept, and until when\n',
    );
  });
});

describe('kubectl', { skip: kubectls().length > 0 ? false : 'needs kubectl' }, () => {
  for (const program of kubectls()) {
    it(`${basename(program)} completes kubectl pamhook by kubectl_complete-pamhook`, (t) => {
      const { env } = install(t);
      const ask = (...words: string[]) =>
        execFileSync(program, ['__complete', 'pamhook', ...words], { env, encoding: 'utf8', stdio: 'pipe' });
      assert.match(ask('log'), /^login\t.+\nlogout\t.+\n:4\n/);
      assert.match(ask('login', '--cache', ''), /^keyring\nfile\nnone\n:4\n/);
      assert.match(ask('login', '--certificate-authority', ''), /^:0\n/);
      assert.match(ask('kubeconfig', '--cluster', 'one'), /^one two\n:4\n/);
    });
  }
});
