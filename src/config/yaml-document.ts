/** Text of a file, YAML or JSON, becomes a plain object: bounded in depth, without aliases; read by the supervisor and the front. */
import { createRequire } from 'node:module';
import type { Document } from 'yaml';

const load = createRequire(import.meta.url);
let loaded: typeof import('yaml') | undefined;

/**
 * Loaded for those who have such a file: it takes as long as all the rest of the configuration. The front does so before its drop, after
 * which it may not reach the files of the project.
 */
export function loadYaml(): typeof import('yaml') {
  loaded ??= load('yaml') as typeof import('yaml');
  return loaded;
}

/** Says what is wrong with a document; never with a piece of it, which may be a secret. */
export type DocumentFault = (reason: string) => Error;

/** Throws `fault`. */
export function decodeUtf8(content: Buffer, fault: DocumentFault): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(content);
  } catch {
    throw fault('is not UTF-8 text');
  }
}

export interface Expected {
  /** Of the parser's stack: document, map, list and scalar make four. */
  readonly deepest: number;
  /** What its members are, in one word. */
  readonly holds: string;
}

/**
 * The members of the one document in the text, none of an empty one. JSON is YAML. Aliases are refused: nobody needs one, and a few of
 * them can stand for gigabytes. Throws `fault`.
 */
export function parseYamlObject(
  text: string,
  { deepest, holds }: Expected,
  fault: DocumentFault,
): Record<string, unknown> {
  if (isTooDeep(text, deepest)) throw fault('is nested too deeply');
  const { isMap, isScalar } = loadYaml();
  const document = checkedDocument(text, fault);
  if (document.contents === null || (isScalar(document.contents) && document.contents.value === null)) return {};
  if (!isMap(document.contents)) throw fault(`must hold ${holds}, one \`name: value\` a line`);
  return document.toJS({ maxAliasCount: 0 });
}

/** Looked at without recursion: composing a document recurses, and near the stack's end V8 may abort instead of throwing. */
function isTooDeep(text: string, deepest: number): boolean {
  const { Lexer, Parser } = loadYaml();
  const parser = new Parser();
  for (const lexeme of new Lexer().lex(text)) {
    for (const _ of parser.next(lexeme));
    if (parser.stack.length > deepest) return true;
  }
  return false;
}

function checkedDocument(text: string, fault: DocumentFault): Document.Parsed {
  const { LineCounter, parseDocument, visit } = loadYaml();
  const lines = new LineCounter();
  // A silent parser leaves a second document out without a word.
  const document = parseDocument(text, { prettyErrors: false, lineCounter: lines, logLevel: 'error', version: '1.2' });
  const broken = document.errors[0] ?? document.warnings[0];
  // The parser's own message may quote the file.
  if (broken) throw fault(`line ${lines.linePos(broken.pos[0]).line} is not valid YAML or JSON (${broken.code})`);
  visit(document, {
    Alias: () => {
      throw fault('has an alias (*name), which is not taken');
    },
  });
  return document;
}
