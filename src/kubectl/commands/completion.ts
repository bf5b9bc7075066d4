/** `pamhook completion`: prints the script by which a shell completes command lines of pamhook. */
import { ConfigurationError } from '../../errors.js';
import { parseClientArguments } from '../arguments.js';
import { SHELLS } from '../completion/grammar.js';
import { scripts } from '../completion/scripts.js';
import type { ClientIo } from '../io.js';

const ABOUT = `The shell is ${SHELLS.join(', ')}: \`pamhook completion bash\`. Its script completes commands, flags and their values: words,
paths, and names in the kubeconfig. For bash and zsh, in ~/.bashrc or, behind compinit, in ~/.zshrc:

  source <(pamhook completion bash)
  source <(pamhook completion zsh)

For fish: pamhook completion fish > ~/.config/fish/completions/pamhook.fish

kubectl 1.26 and later completes kubectl pamhook by the program kubectl_complete-pamhook, which is
installed with pamhook, once kubectl's own completion is set up.`;

/** Resolves to 0. Throws ConfigurationError. */
export async function runCompletion(argv: readonly string[], io: ClientIo): Promise<number> {
  const words = argv.filter((word) => !word.startsWith('-'));
  const { help } = parseClientArguments(
    io.program,
    'completion',
    argv.filter((word) => word.startsWith('-')),
  );
  if (help === true) {
    const { commandHelp } = await import('../help.js');
    io.stdout.write(commandHelp(io.program, 'completion', ABOUT));
    return 0;
  }
  const shell = SHELLS.find((name) => words.length === 1 && words[0] === name);
  if (shell === undefined) throw new ConfigurationError(`name one shell, of ${SHELLS.join(', ')}`);
  io.stdout.write(scripts[shell]);
  return 0;
}
