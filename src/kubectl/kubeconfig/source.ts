/** The text of a kubeconfig as YAML, or why it is left alone; used by `pamhook kubeconfig` and by completion. */
import { type Document, isAlias, isMap, isScalar, Lexer, LineCounter, Parser, parseDocument, visit } from 'yaml';
import { ConfigurationError } from '../../errors.js';
import { isObject, type JsonObject } from '../json.js';
import { printable } from '../printable.js';

/** Bytes. */
export const LONGEST_KUBECONFIG = 1024 * 1024;
/** Of the parser's stack: the document takes one, and each map or list in another. */
const DEEPEST = 64;

export interface Source {
  readonly text: string;
  readonly document: Document.Parsed;
  /** What it means: an empty file is an empty map. */
  readonly value: JsonObject;
}

/** Throws ConfigurationError, with the line but no piece of the file: there may be a secret in it. */
export function parseSource(text: string, path: string): Source {
  if (isTooDeep(text)) throw unfit(path, 'is nested too deeply');
  return parseAgain(text, path);
}

/** For a text made out of one that was parsed before. Throws ConfigurationError. */
export function parseAgain(text: string, path: string): Source {
  const document = checkedDocument(text, path);
  const value: unknown = isEmpty(document) ? {} : document.toJS({ maxAliasCount: 0 });
  if (!isObject(value)) throw unfit(path, 'is no kubeconfig: it holds no map');
  return { text, document, value };
}

export function unfit(path: string, says: string): ConfigurationError {
  return new ConfigurationError(`${printable(path)} ${says}`, 'it is left as it was');
}

/** Nothing, or comments alone. */
export function isEmpty({ contents }: Document.Parsed): boolean {
  return contents === null || (isScalar(contents) && contents.value === null);
}

/** Aliases are refused: a change to what one of them names would be a change in two places. */
function checkedDocument(text: string, path: string): Document.Parsed {
  const lines = new LineCounter();
  const document = parseDocument(text, {
    prettyErrors: false,
    lineCounter: lines,
    logLevel: 'error',
    version: '1.2',
    keepSourceTokens: true,
  });
  const [broken] = [...document.errors, ...document.warnings];
  if (broken?.code === 'MULTIPLE_DOCS') throw unfit(path, 'holds several documents');
  // The parser's own message may quote the file.
  if (broken) throw unfit(path, `line ${lines.linePos(broken.pos[0]).line} is not valid YAML (${broken.code})`);
  visit(document, {
    Node(_, node) {
      if (isAlias(node)) throw unfit(path, 'uses aliases');
    },
    Map(_, map) {
      if (isMap(map) && map.items.some(({ key }) => isScalar(key) && key.value === '<<')) {
        throw unfit(path, 'uses merge keys');
      }
    },
  });
  return document;
}

/** Looked at without recursion: composing a document recurses, and near the stack's end V8 may abort instead of throwing. */
function isTooDeep(text: string): boolean {
  const parser = new Parser();
  for (const lexeme of new Lexer().lex(text)) {
    for (const _ of parser.next(lexeme));
    if (parser.stack.length > DEEPEST) return true;
  }
  return false;
}
