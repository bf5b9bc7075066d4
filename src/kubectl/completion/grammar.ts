/** What can be completed: commands, their words and their flags; the client commands' own, made from their tables. */

import { type ClientCommandName, commandFlags, type Flag, type FlagName, flagOf } from '../flags.js';
import { clientSummaries } from '../summaries.js';

/** What a flag's value is: one of some words, a path, a name in the kubeconfig, or what no shell knows. */
export type Completes = readonly string[] | NonNullable<Flag['completes']> | 'directory' | 'nothing';

export interface CompletableFlag {
  readonly does: string;
  /** Left out: it takes no value. */
  readonly value?: Completes;
  readonly repeated?: boolean;
}

export interface CompletableCommand {
  readonly does: string;
  /** What may come first, before flags. */
  readonly words?: readonly string[];
  readonly flags: Readonly<Record<string, CompletableFlag>>;
}

export interface Grammar {
  readonly commands: Readonly<Record<string, CompletableCommand>>;
  /** What a flag in the place of a command belongs to. */
  readonly bare: CompletableCommand;
}

/** What the scripts for shells call; as cobra names it. */
export const COMPLETE = '__complete';

export const SHELLS = ['bash', 'zsh', 'fish'] as const;
export type Shell = (typeof SHELLS)[number];

const WORDS: Readonly<Partial<Record<ClientCommandName, readonly string[]>>> = { completion: SHELLS };

export const HELP = { help: { does: 'prints what there is' } } as const;

/** `kubectl pamhook` has these and no others. */
export function clientGrammar(): Grammar {
  const names = Object.keys(clientSummaries) as ClientCommandName[];
  const bare = { does: '', flags: { ...HELP, version: { does: 'prints the version' } } };
  return { commands: Object.fromEntries(names.map((name) => [name, clientCommand(name)])), bare };
}

function clientCommand(name: ClientCommandName): CompletableCommand {
  const names: readonly FlagName[] = commandFlags[name];
  const words = WORDS[name];
  return {
    does: clientSummaries[name],
    ...(words === undefined ? {} : { words }),
    flags: Object.fromEntries(names.map((flag) => [flag, completable(flagOf(name, flag))])),
  };
}

function completable({ does, value, words, completes, repeated }: Flag): CompletableFlag {
  return value === undefined ? { does } : { does, value: words ?? completes ?? 'nothing', repeated: repeated === true };
}
