/** `pamhook __complete`, which the shells' scripts and kubectl's plugin completion call: candidates, and a last line for the shell. */
import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import type { Environment } from '../io.js';
import { type Candidate, type Completion, candidates, complete } from './complete.js';
import type { Grammar } from './grammar.js';

/** Cobra's ShellCompDirective: what the shell does beside. */
const DIRECTIVE = { files: 0, nothing: 4, directories: 16 } as const;
const LISTS = { cluster: 'clusters', context: 'contexts', user: 'users' } as const;
const LONGEST_DESCRIPTION = 100;

/** One candidate a line, behind a tab what it does, and at the end `:` with the directive. Never throws: nobody would see it. */
export async function completionAnswer(words: readonly string[], grammar: Grammar, env: Environment): Promise<string> {
  const completion = await resolved(complete(words, grammar), env).catch(() => candidates('', []));
  if (completion.kind === 'file') return `:${DIRECTIVE.files}\n`;
  if (completion.kind === 'directory') return `:${DIRECTIVE.directories}\n`;
  const lines = completion.kind === 'candidates' ? completion.candidates.filter(isOneLine).map(line) : [];
  return [...lines, `:${DIRECTIVE.nothing}`, ''].join('\n');
}

async function resolved(completion: Completion, environment: Environment): Promise<Completion> {
  switch (completion.kind) {
    case 'cluster':
    case 'context':
    case 'user': {
      const { kind, begins, kubeconfig } = completion;
      const names = await namesIn(LISTS[kind], kubeconfig, environment);
      return candidates(
        begins,
        names.map((text) => ({ text, does: '' })),
      );
    }
    default:
      return completion;
  }
}

async function namesIn(
  list: 'clusters' | 'contexts' | 'users',
  kubeconfig: string | undefined,
  { HOME, KUBECONFIG: variable }: Environment,
): Promise<readonly string[]> {
  const [{ locate }, { readKubeconfig }, { parseSource }, { allOf, kubeconfigIn }] = await Promise.all([
    import('../kubeconfig/locations.js'),
    import('../kubeconfig/file.js'),
    import('../kubeconfig/source.js'),
    import('../kubeconfig/kubeconfig.js'),
  ]);
  const home = HOME || homedir();
  // What is typed has not been expanded yet.
  const explicit = kubeconfig?.replace(/^~(?=\/)/, home);
  const { files } = locate({ explicit, variable, home, exists: existsSync });
  const configs = files.map((path) => kubeconfigIn(parseSource(readKubeconfig(path).text, path).value, path));
  return allOf(configs, list).map(({ name }) => name);
}

/** No other can be told to a shell. */
function isOneLine({ text }: Candidate): boolean {
  return text !== '' && !/[\p{Cc}\p{Zl}\p{Zp}]/u.test(text);
}

function line({ text, does }: Candidate): string {
  const [clause = ''] = does.split(/; |\. |\.$/);
  const short = clause.length > LONGEST_DESCRIPTION ? `${clause.slice(0, LONGEST_DESCRIPTION - 1)}…` : clause;
  return short === '' ? text : `${text}\t${short}`;
}
