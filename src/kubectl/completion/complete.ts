/** What may stand at the cursor of a command line, whatever the shell. */
import type { CompletableCommand, CompletableFlag, Completes, Grammar } from './grammar.js';

export interface Candidate {
  readonly text: string;
  readonly does: string;
}

export type Completion =
  | { readonly kind: 'candidates'; readonly candidates: readonly Candidate[] }
  | { readonly kind: 'file' | 'directory' }
  /** A name in a kubeconfig; `kubeconfig`: the file, where the line names one. */
  | { readonly kind: 'cluster' | 'context' | 'user'; readonly begins: string; readonly kubeconfig: string | undefined };

const NOTHING: Completion = { kind: 'candidates', candidates: [] };
const FLAG = /^--?([a-z][\w-]*)(?:=(.*))?$/s;

/**
 * `words`: what follows the program, of which the last is being typed, perhaps still empty. As cobra has it, which kubectl
 * follows: what completes `--flag=val` is the value alone.
 */
export function complete(words: readonly string[], { commands, bare }: Grammar): Completion {
  const [first = '', ...rest] = words;
  if (first.startsWith('-')) return completeArguments(words, bare);
  if (words.length > 1) {
    const command = Object.hasOwn(commands, first) ? commands[first] : undefined;
    return command === undefined ? NOTHING : completeArguments(rest, command);
  }
  return candidates(
    first,
    Object.entries(commands).map(([text, { does }]) => ({ text, does })),
  );
}

interface Before {
  readonly given: ReadonlyMap<string, string | undefined>;
  /** Whether a word that belongs to no flag came already. */
  readonly hasWord: boolean;
  /** The flag whose value is being typed. */
  readonly open: CompletableFlag | undefined;
}

function completeArguments(words: readonly string[], command: CompletableCommand): Completion {
  const typed = words.at(-1) ?? '';
  const before = read(words.slice(0, -1), command);
  if (before.open !== undefined) return completeValue(typed, before.open.value, before);
  const [, name = '', value] = FLAG.exec(typed) ?? [];
  if (value !== undefined) return completeValue(value, flagNamed(command, name)?.value, before);
  if (typed.startsWith('-')) return candidates(typed, flagsOf(command, before, typed));
  const { words: own } = command;
  if (own !== undefined) return before.hasWord ? NOTHING : completeValue(typed, own, before);
  return typed === '' && !before.hasWord ? candidates('', flagsOf(command, before, '')) : NOTHING;
}

function read(words: readonly string[], command: CompletableCommand): Before {
  const given = new Map<string, string | undefined>();
  let hasWord = false;
  let open: string | undefined;
  for (const word of words) {
    const [, name = '', value] = FLAG.exec(word) ?? [];
    const flag = flagNamed(command, name);
    if (open !== undefined) {
      given.set(open, word);
      open = undefined;
    } else if (flag === undefined) hasWord = true;
    else {
      given.set(name, value);
      if (flag.value !== undefined && value === undefined) open = name;
    }
  }
  return { given, hasWord, open: open === undefined ? undefined : flagNamed(command, open) };
}

function flagNamed({ flags }: CompletableCommand, name: string): CompletableFlag | undefined {
  return Object.hasOwn(flags, name) ? flags[name] : undefined;
}

function completeValue(begins: string, value: Completes | undefined, { given }: Before): Completion {
  switch (value) {
    case undefined:
    case 'nothing':
      return NOTHING;
    case 'file':
    case 'directory':
      return { kind: value };
    case 'cluster':
    case 'context':
    case 'user':
      return { kind: value, begins, kubeconfig: given.get('kubeconfig') };
    default:
      return candidates(
        begins,
        value.map((text) => ({ text, does: '' })),
      );
  }
}

/** With as many dashes as are typed; pamhook takes one or two. */
function flagsOf({ flags }: CompletableCommand, { given }: Before, typed: string): readonly Candidate[] {
  const dashes = /^-[^-]/.test(typed) ? '-' : '--';
  return Object.entries(flags)
    .filter(([name, { repeated }]) => repeated === true || !given.has(name))
    .map(([name, { does }]) => ({ text: `${dashes}${name}`, does }));
}

/** Those that go on as it begins. */
export function candidates(begins: string, all: readonly Candidate[]): Completion {
  return { kind: 'candidates', candidates: all.filter(({ text }) => text.startsWith(begins)) };
}
