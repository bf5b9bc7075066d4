/** One change put into the text of a kubeconfig, of which every other byte stays; used by `pamhook kubeconfig`. */
import {
  type Document,
  isCollection,
  isMap,
  isNode,
  isPair,
  isScalar,
  isSeq,
  type Pair,
  stringify,
  type YAMLMap,
  type YAMLSeq,
} from 'yaml';
import type { Change, Path } from './change.js';
import { isEmpty } from './source.js';

interface Edit {
  readonly from: number;
  readonly to: number;
  readonly text: string;
}

/** undefined where there is no such place, or it is written in a way that is not understood. The result is yet to be checked. */
export function spliced(text: string, document: Document.Parsed, { path, value }: Change): string | undefined {
  const edit = isEmpty(document)
    ? insertion(text, text.length, 0, entry(path, value))
    : editOf(text, document.contents, path, value);
  if (edit === undefined) return undefined;
  const inserted = text.includes('\r\n') ? edit.text.replaceAll('\n', '\r\n') : edit.text;
  return text.slice(0, edit.from) + inserted + text.slice(edit.to);
}

/** As kubectl writes, and quoted what YAML 1.1, which kubectl reads, would not take for a string. */
export const WRITING = { lineWidth: 0, indentSeq: false, compat: 'yaml-1.1' } as const;

function written(value: unknown): string {
  return stringify(value, { ...WRITING, aliasDuplicateObjects: false }).trimEnd();
}

function editOf(text: string, node: unknown, path: Path, value: unknown): Edit | undefined {
  const [step, ...rest] = path;
  if (isSeq(node) && typeof step === 'number') {
    const item = node.items[step];
    if (item !== undefined) return editOf(text, item, rest, value);
    if (node.flow === true) return enclosed(text, node, JSON.stringify(wrapped(rest, value)));
    return appended(text, node, columnOfItems(text, node), written([wrapped(rest, value)]));
  }
  if (!isMap(node)) return undefined;
  const pair = node.items.find(({ key }) => isScalar(key) && key.value === step);
  if (pair !== undefined) return editIn(text, node, pair, rest, value);
  if (node.flow === true)
    return enclosed(text, node, JSON.stringify({ [step ?? '']: wrapped(rest, value) }).slice(1, -1));
  return appended(text, node, columnOfKeys(text, node), entry(path, value));
}

/** `{...}` or `[...]` with something in it. */
function enclosed(text: string, node: YAMLMap | YAMLSeq, added: string): Edit {
  const at = contentEnd(text, node.items.at(-1));
  return { from: at, to: at, text: `, ${added}` };
}

function editIn(text: string, map: YAMLMap, pair: Pair, rest: Path, value: unknown): Edit | undefined {
  const node = pair.value;
  if (rest.length > 0 && isCollection(node) && node.items.length > 0) return editOf(text, node, rest, value);
  const [key, colon] = [spanOf(pair.key), endOfColon(pair)];
  if (key === undefined || colon === undefined) return undefined;
  const wanted = wrapped(rest, value);
  const to = contentEnd(text, pair);
  const isBlock = map.flow !== true;
  if (isBlock && typeof wanted === 'object' && wanted !== null) {
    const column = columnAt(text, key[0]) + (Array.isArray(wanted) ? 0 : 2);
    return { from: colon, to, text: `\n${indented(written(wanted), column)}` };
  }
  const inLine = isBlock ? written(wanted) : JSON.stringify(wanted);
  // A scalar takes the place of one and no more: what is said of it beside it stays.
  const [from] = (isScalar(node) ? spanOf(node) : undefined) ?? [];
  return from === undefined ? { from: colon, to, text: ` ${inLine}` } : { from, to, text: inLine };
}

function wrapped(path: Path, value: unknown): unknown {
  return path.reduceRight((inner, step) => (typeof step === 'number' ? [inner] : { [step]: inner }), value);
}

function entry([key = '', ...rest]: Path, value: unknown): string {
  return written({ [key]: wrapped(rest, value) });
}

/** Behind the last line of the collection, and behind comments that are indented as parts of it. */
function appended(text: string, node: YAMLMap | YAMLSeq, column: number | undefined, block: string): Edit | undefined {
  if (column === undefined) return undefined;
  let at = contentEnd(text, node);
  if (text[at - 1] !== '\n') at = endOfLine(text, at);
  const comments = new RegExp(`(?:[ \\t]*\\r?\\n)* {${column + 1},}#.*(?:\\n|$)`, 'y');
  for (comments.lastIndex = at; comments.test(text); at = comments.lastIndex);
  return insertion(text, at, column, block);
}

function insertion(text: string, at: number, column: number, block: string): Edit {
  const opened = at === 0 || text[at - 1] === '\n' ? '' : '\n';
  return { from: at, to: at, text: `${opened}${indented(block, column)}\n` };
}

/** Not by a regular expression: its lines end at U+2028 too. */
function indented(block: string, column: number): string {
  const lines = block.split('\n');
  return lines.map((line) => (line === '' ? '' : `${' '.repeat(column)}${line}`)).join('\n');
}

/** Where the last thing in it ends that is no white space and no comment. */
function contentEnd(text: string, node: unknown): number {
  if (isPair(node)) {
    const { value } = node;
    if (isCollection(value) && value.flow !== true) return contentEnd(text, value);
    return spanOf(value)?.[1] ?? endOfColon(node) ?? text.length;
  }
  if (isCollection(node) && node.flow !== true) return contentEnd(text, node.items.at(-1));
  return spanOf(node)?.[1] ?? text.length;
}

/** undefined: nothing is written there. */
function spanOf(node: unknown): readonly [number, number] | undefined {
  if (!isNode(node) || !node.range || node.range[1] === node.range[0]) return undefined;
  return [node.range[0], node.range[1]];
}

function endOfColon({ srcToken }: Pair): number | undefined {
  const separators = srcToken !== undefined && 'sep' in srcToken ? srcToken.sep : undefined;
  const colon = separators?.find(({ type }) => type === 'map-value-ind');
  return colon === undefined ? undefined : colon.offset + colon.source.length;
}

function columnOfKeys(text: string, { items: [first] }: YAMLMap): number | undefined {
  const span = first === undefined ? undefined : spanOf(first.key);
  return span === undefined ? undefined : columnAt(text, span[0]);
}

function columnOfItems(text: string, { srcToken }: YAMLSeq): number | undefined {
  if (srcToken?.type !== 'block-seq') return undefined;
  const [first] = srcToken.items;
  const dash = first?.start.find(({ type }) => type === 'seq-item-ind');
  return dash === undefined ? undefined : columnAt(text, dash.offset);
}

function columnAt(text: string, offset: number): number {
  return offset - (text.lastIndexOf('\n', offset - 1) + 1);
}

/** Behind the newline. */
function endOfLine(text: string, from: number): number {
  const at = text.indexOf('\n', from);
  return at === -1 ? text.length : at + 1;
}
