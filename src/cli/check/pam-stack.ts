/** A PAM service file with all that it includes, read as libpam reads it (pam.d(5), and Debian's `@include`); run by `pamhook check`. */
import { readBounded } from '../../config/config-file.js';

const MAX_FILE_BYTES = 256 * 1024;
/** libpam's own bound is 16. */
const DEEPEST = 16;
/** A few files that include each other twice would make millions. */
const MOST_LINES = 4096;
const MOST_INCLUDES = 256;
const TYPES = ['auth', 'account', 'password', 'session'] as const;
const KEYWORDS = ['required', 'requisite', 'sufficient', 'optional', 'include', 'substack'];
/** What a control in brackets may name (pam.conf(5)). */
const RETURNS =
  `success open_err symbol_err service_err system_err buf_err perm_denied auth_err cred_insufficient authinfo_unavail user_unknown maxtries
  new_authtok_reqd acct_expired session_err cred_unavail cred_expired cred_err no_module_data conv_err authtok_err authtok_recover_err
  authtok_lock_busy authtok_disable_aging try_again ignore abort authtok_expired module_unknown bad_item conv_again incomplete default`.split(
    /\s+/,
  );
const ACTION = new RegExp(`^(?:${RETURNS.join('|')})=(?:ignore|ok|done|bad|die|reset|0*[1-9]\\d*)$`);

export type PamType = (typeof TYPES)[number];

export interface StackLine {
  /** `FILE:LINE`. */
  readonly place: string;
  readonly type: PamType;
  /** With `-` in front: a module that is missing is not logged. */
  readonly silent: boolean;
  readonly control: string;
  readonly module: string;
  readonly arguments: readonly string[];
}

export interface Stack {
  readonly files: readonly string[];
  readonly lines: readonly StackLine[];
  /** What libpam would refuse logins for, one sentence each. */
  readonly broken: readonly string[];
}

/** `find`: the path that an include means. */
export function readStack(file: string, find: (name: string) => string | undefined): Stack {
  const files = new Set<string>();
  let includes = 0;
  const lines: StackLine[] = [];
  const broken = new Set<string>();

  function read(path: string, only: PamType | undefined, depth: number): void {
    files.add(path);
    const text = textOf(path);
    if (text === undefined) broken.add(`${path} cannot be read`);
    for (const { number, words } of logicalLines(text ?? '')) {
      if (words === undefined) broken.add(`${path}:${number} ends the file with a backslash, and is not read`);
      else take(`${path}:${number}`, words, only, depth);
    }
  }

  function take(place: string, words: readonly string[], only: PamType | undefined, depth: number): void {
    const parsed = parseLine(place, words);
    if (typeof parsed === 'string') broken.add(`${place} ${parsed}`);
    else if ('include' in parsed) follow(place, parsed, only, depth);
    else if (only === undefined || parsed.type === only) add(parsed);
  }

  function add(line: StackLine): void {
    if (lines.length < MOST_LINES) lines.push(line);
    else broken.add(`${line.place}: more than ${MOST_LINES} lines in all`);
  }

  function follow(place: string, { type, include }: Include, only: PamType | undefined, depth: number): void {
    if (only !== undefined && type !== undefined && type !== only) return;
    const path = find(include);
    if (path === undefined) broken.add(`${place} includes ${JSON.stringify(include)}, which is not there`);
    else if (depth >= DEEPEST || ++includes > MOST_INCLUDES) broken.add(`${place} includes too deeply, or itself`);
    else read(path, type ?? only, depth + 1);
  }

  read(file, undefined, 0);
  return { files: [...files], lines, broken: [...broken] };
}

/** Whether the stack goes on as if the line were not there when its module is missing (PAM_MODULE_UNKNOWN). */
export function passesOverMissing({ control }: StackLine): boolean {
  if (!control.startsWith('[')) return control === 'sufficient' || control === 'optional';
  const actions = new Map(pairsOf(control).map((pair) => pair.split('=', 2) as [string, string]));
  return (actions.get('module_unknown') ?? actions.get('default')) === 'ignore';
}

interface Include {
  /** undefined: of all types. */
  readonly type: PamType | undefined;
  readonly include: string;
}

/** A string: what is wrong, to follow the place. */
function parseLine(place: string, words: readonly string[]): StackLine | Include | string {
  const [first = '', control = '', module, ...rest] = words;
  if (first.toLowerCase() === '@include') return { type: undefined, include: control };
  const silent = first.startsWith('-');
  const word = first.slice(silent ? 1 : 0).toLowerCase();
  const type = TYPES.find((known) => known === word);
  if (type === undefined) return `begins with ${JSON.stringify(first)}, which is none of ${TYPES.join(', ')}`;
  const keyword = control.startsWith('[') ? control : control.toLowerCase();
  if (!isControl(keyword)) return `has the control ${JSON.stringify(control)}, which libpam does not know`;
  if (module === undefined || module.endsWith('/')) return 'names no module';
  if (keyword === 'include' || keyword === 'substack') return { type, include: module };
  return { place, type, silent, control: keyword, module, arguments: rest };
}

function isControl(control: string): boolean {
  return control.startsWith('[') ? pairsOf(control).every((pair) => ACTION.test(pair)) : KEYWORDS.includes(control);
}

function pairsOf(control: string): string[] {
  const inside = control.replace(/^\[|\]$/g, '').replaceAll(/\s*=\s*/g, '=');
  return inside.split(/\s+/).filter((pair) => pair !== '');
}

function textOf(path: string): string | undefined {
  try {
    const { content } = readBounded(path, MAX_FILE_BYTES);
    return content.length > MAX_FILE_BYTES ? undefined : content.toString('utf8');
  } catch {
    return undefined;
  }
}

/**
 * A comment ends a line; a backslash at its end joins the next to it that is not empty. Words in brackets are one. No words: the file
 * ends where a line goes on.
 */
function* logicalLines(text: string): Generator<{ number: number; words: string[] | undefined }> {
  let start: number | undefined;
  let joined = '';
  for (const [index, line] of text.split('\n').entries()) {
    const [content = '', comment] = line.split('#', 2);
    if (/^[ \t]*$/.test(content)) continue;
    start ??= index + 1;
    const before = content.replace(/[ \t]+$/, '');
    if (comment === undefined && before.endsWith('\\')) {
      joined += `${before.slice(0, -1)} `;
      continue;
    }
    yield { number: start, words: wordsOf(joined + content) };
    start = undefined;
    joined = '';
  }
  if (start !== undefined) yield { number: start, words: undefined };
}

/** A carriage return is no space to libpam: in a file of Windows' it belongs to the last word of each line. */
function wordsOf(line: string): string[] {
  return line.match(/\[(?:\\\]|[^\]])*(?:\]|$)|[^ \t]+/g) ?? [];
}
