/** `pamhook __complete`: what a shell is told of the daemon's commands, beside those of the client. */

import { path } from '../config/format.js';
import { type CommandName, commands as daemonCommands } from '../config/help.js';
import { type OptionName, optionNamed, optionNames } from '../config/options.js';
import { completionAnswer } from '../kubectl/completion/answer.js';
import {
  type CompletableCommand,
  type CompletableFlag,
  type Completes,
  clientGrammar,
  type Grammar,
  HELP,
} from '../kubectl/completion/grammar.js';
import type { Environment } from '../kubectl/io.js';
import { KUBERNETES_KINDS } from './init/kubernetes.js';

const OUTPUT = flag('how the result is printed', ['text', 'json']);

/** The flags of each command beside those of `serve`; a test holds them to the help of the command. */
const own: Readonly<Record<CommandName, Readonly<Record<string, CompletableFlag>>>> = {
  serve: {},
  check: {
    hostname: { ...flag('names and addresses by which clients reach pamhook'), repeated: true },
    user: flag('whose login is tried'),
    'password-stdin': { does: 'takes the password from standard input' },
    output: OUTPUT,
    'webhook-config': flag('the kubeconfig of kube-apiserver, whose pamhook is called', 'file'),
    token: flag('also reviews the token on standard input', ['-']),
    'webhook-version': flag('as --authentication-token-webhook-version of kube-apiserver', ['v1', 'v1beta1']),
    audiences: flag('as --api-audiences of kube-apiserver'),
  },
  init: {
    dir: flag('the directory that is written', 'directory'),
    hostname: { ...flag('host names and IP addresses by which clients reach pamhook'), repeated: true },
    port: flag('the port on which pamhook serves'),
    'client-cert': { does: 'gives kube-apiserver a client certificate' },
    kubernetes: flag('prints the steps for an API server that is run so', KUBERNETES_KINDS),
    force: { does: 'replaces files that are there' },
    ...HELP,
  },
  keys: {
    dir: flag('the directory of the keys', 'directory'),
    'publish-for': flag('how long a daemon may take to use a changed file'),
    'max-lifetime': flag('the longest life of a token'),
    every: flag('how long a key signs before the next rotation begins'),
    type: flag('what new keys are', ['ec', 'rsa', 'hmac']),
    emergency: { does: 'a key has leaked: a fresh one signs at once, all others are removed' },
    output: OUTPUT,
    ...HELP,
  },
  verify: { audiences: flag('what the review asks for in spec.audiences'), output: OUTPUT },
};

/** All commands of `pamhook`. */
export function wholeGrammar(): Grammar {
  const serve = Object.fromEntries(optionNames.map((name) => [name, option(name)]));
  const command = (name: CommandName): CompletableCommand => ({
    does: daemonCommands[name],
    ...(name === 'keys' ? { words: ['rotate', 'list'] } : {}),
    flags: 'help' in own[name] ? own[name] : { ...own[name], ...serve },
  });
  const names = Object.keys(own) as CommandName[];
  const commands = Object.fromEntries(names.map((name) => [name, command(name)]));
  return { commands: { ...commands, ...clientGrammar().commands }, bare: command('serve') };
}

/** Resolves to 0. */
export async function runComplete(
  words: readonly string[],
  { environment, stdout }: { environment: Environment; stdout: { write(text: string): unknown } },
): Promise<number> {
  stdout.write(await completionAnswer(words, wholeGrammar(), environment));
  return 0;
}

function flag(does: string, value: Completes = 'nothing'): CompletableFlag {
  return { does, value };
}

function option(name: OptionName): CompletableFlag {
  const { doc, format } = optionNamed(name);
  if (format.placeholder === '') return { does: doc };
  const words = /^[\w-]+(\|[\w-]+)+$/.test(format.placeholder) ? format.placeholder.split('|') : undefined;
  if (words !== undefined) return flag(doc, words);
  // Of a list of files, one can be completed.
  const isPath = Object.is(format, path) || name.endsWith('-files');
  return flag(doc, isPath ? (/dir$/.test(name) ? 'directory' : 'file') : 'nothing');
}
