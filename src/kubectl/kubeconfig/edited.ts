/** The text of a kubeconfig with changes in it, each checked to mean what was wanted and nothing else; used by `pamhook kubeconfig`. */
import { isDeepStrictEqual } from 'node:util';
import { Lexer } from 'yaml';
import { type Change, changed } from './change.js';
import { parseAgain, parseSource, type Source, unfit } from './source.js';
import { spliced, WRITING } from './splice.js';

/** Throws ConfigurationError where the file cannot be changed without a loss. `path`: for the message. */
export function edited(text: string, path: string, changes: readonly Change[]): string {
  return changes.reduce((source, change) => editedOnce(source, path, change), parseSource(text, path)).text;
}

/** What is tried first changes least, and looks best. */
function editedOnce(source: Source, path: string, change: Change): Source {
  const wanted = changed(source.value, change);
  for (const way of [asJson, inPlace, asDocument]) {
    const result = way(source, change, wanted);
    const checked = result === undefined ? undefined : meaning(result, wanted, path);
    if (checked !== undefined && keepsComments(source.text, checked.text)) return checked;
  }
  throw unfit(path, 'is written in a way in which nothing can be changed without losing something');
}

function inPlace({ text, document }: Source, change: Change): string | undefined {
  return spliced(text, document, change);
}

/** JSON that is laid out by a program, as that would have done it. */
function asJson({ text }: Source, _: Change, wanted: unknown): string | undefined {
  const [, indentation] = /^\{\r?\n([ \t]+)/.exec(text) ?? [];
  const [ending = ''] = /\s*$/.exec(text) ?? [];
  const print = (value: unknown) => JSON.stringify(value, null, indentation) + ending;
  try {
    return print(JSON.parse(text)) === text ? print(wanted) : undefined;
  } catch {
    return undefined;
  }
}

function asDocument({ document }: Source, { path, value }: Change): string | undefined {
  const copy = document.clone();
  try {
    copy.setIn(path, copy.createNode(value));
  } catch {
    return undefined;
  }
  return copy.toString(WRITING);
}

/** undefined: it means something else, or nothing. */
function meaning(text: string, wanted: unknown, path: string): Source | undefined {
  try {
    const source = parseAgain(text, path);
    // The second: their order too.
    const isSame = isDeepStrictEqual(source.value, wanted) && JSON.stringify(source.value) === JSON.stringify(wanted);
    return isSame ? source : undefined;
  } catch {
    return undefined;
  }
}

/** A list that is written anew may have some inside, which would go with it. */
function keepsComments(before: string, after: string): boolean {
  if (!before.includes('#')) return true;
  const kept = commentsIn(after);
  return commentsIn(before).every((comment) => {
    const at = kept.indexOf(comment);
    if (at !== -1) kept.splice(at, 1);
    return at !== -1;
  });
}

function commentsIn(text: string): string[] {
  const lexemes = [...new Lexer().lex(text)];
  return lexemes.filter((lexeme) => lexeme.startsWith('#')).map((comment) => comment.trimEnd());
}
