/** The text of a kubeconfig with changes in it, each checked to mean what was wanted and nothing else; used by `pamhook kubeconfig`. */
import { isDeepStrictEqual } from 'node:util';
import { Lexer } from 'yaml';
import { type Change, changed } from './change.js';
import { parseSource, type Source, unfit } from './source.js';
import { spliced, WRITING } from './splice.js';

/** Throws ConfigurationError where the file cannot be changed without a loss. `path`: for the message. */
export function edited(text: string, path: string, changes: readonly Change[]): string {
  return changes.reduce((before, change) => editedOnce(before, path, change), text);
}

/** What is tried first changes least, and looks best. */
function editedOnce(text: string, path: string, change: Change): string {
  const source = parseSource(text, path);
  const wanted = changed(source.value, change);
  for (const way of [asJson, inPlace, asDocument]) {
    const result = way(text, source, change, wanted);
    if (result !== undefined && means(result, wanted, path) && keepsComments(text, result)) return result;
  }
  throw unfit(path, 'is written in a way in which nothing can be changed without losing something');
}

function inPlace(text: string, { document }: Source, change: Change): string | undefined {
  return spliced(text, document, change);
}

/** JSON that is laid out by a program, as that would have done it. */
function asJson(text: string, _: Source, _change: Change, wanted: unknown): string | undefined {
  const [, indentation] = /^\{\r?\n([ \t]+)/.exec(text) ?? [];
  const [ending = ''] = /\s*$/.exec(text) ?? [];
  const print = (value: unknown) => JSON.stringify(value, null, indentation) + ending;
  try {
    return print(JSON.parse(text)) === text ? print(wanted) : undefined;
  } catch {
    return undefined;
  }
}

function asDocument(_: string, { document }: Source, { path, value }: Change): string | undefined {
  const copy = document.clone();
  try {
    copy.setIn(path, copy.createNode(value));
  } catch {
    return undefined;
  }
  return copy.toString(WRITING);
}

function means(text: string, wanted: unknown, path: string): boolean {
  try {
    const { value } = parseSource(text, path);
    // The second: their order too.
    return isDeepStrictEqual(value, wanted) && JSON.stringify(value) === JSON.stringify(wanted);
  } catch {
    return false;
  }
}

/** A list that is written anew may have some inside, which would go with it. */
function keepsComments(before: string, after: string): boolean {
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
