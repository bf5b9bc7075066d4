/** What a source file reaches for outside itself: modules, and members of `process`; read from the compiler's syntax tree. */
import type { CallExpression, Node, SourceFile } from 'typescript/unstable/ast';
import { SyntaxKind } from 'typescript/unstable/ast';
import {
  isBindingElement,
  isCallExpression,
  isElementAccessExpression,
  isIdentifier,
  isNoSubstitutionTemplateLiteral,
  isPropertyAccessExpression,
  isStringLiteral,
  isVariableDeclaration,
} from 'typescript/unstable/ast/is';
import { createVirtualFileSystem } from 'typescript/unstable/fs';
import { API } from 'typescript/unstable/sync';

export interface Source {
  /** Relative to `src`: `keys/keys.ts`. */
  readonly file: string;
  /** Module specifiers of imports, re-exports, import types, `import()`, `require()` and what createRequire() made; `*` where one is computed. */
  readonly modules: readonly string[];
  /** Members of `process` by whatever way of access; `*` where the name is computed or `process` is taken whole. */
  readonly processMembers: readonly string[];
}

export interface SourceText {
  readonly file: string;
  readonly text: string;
}

/** Parses files, several of one name too; nothing is resolved or checked. */
export function readSources(texts: readonly SourceText[]): readonly Source[] {
  const placed = texts.map(({ file }, at) => `/${at}/${file}`);
  const config = { compilerOptions: { noLib: true, noResolve: true, types: [] }, files: placed };
  const contents = Object.fromEntries(texts.map(({ text }, at) => [placed[at], text]));
  const fs = createVirtualFileSystem({ '/tsconfig.json': JSON.stringify(config), ...contents });
  const api = new API({ fs, cwd: '/' });
  try {
    const program = api.updateSnapshot({ openProject: '/tsconfig.json' }).getProjects()[0]?.program;
    return texts.map(({ file }, at) => readSource(file, program?.getSourceFile(placed[at] ?? '')));
  } finally {
    api.close();
  }
}

function readSource(file: string, tree: SourceFile | undefined): Source {
  if (tree === undefined) {
    throw new Error(`${file} was not parsed`);
  }
  const nodes = [...descendants(tree)];
  const requires = new Set(['require', ...nodes.flatMap(nameOfCreatedRequire)]);
  const called = nodes.filter(isCallExpression).flatMap((call) => moduleOfCall(call, requires));
  return {
    file,
    modules: [...tree.imports.map(literal), ...called],
    processMembers: nodes.flatMap(processMember),
  };
}

function* descendants(node: Node): Generator<Node> {
  const children: Node[] = [];
  node.forEachChild((child) => {
    children.push(child);
  });
  for (const child of children) {
    yield child;
    yield* descendants(child);
  }
}

/** `const load = createRequire(...)` makes `load` another require. */
function nameOfCreatedRequire(node: Node): string[] {
  return isVariableDeclaration(node) && isIdentifier(node.name) && isCreateRequire(node.initializer)
    ? [node.name.text]
    : [];
}

function isCreateRequire(node: Node | undefined): boolean {
  if (node === undefined || !isCallExpression(node)) {
    return false;
  }
  const callee = isPropertyAccessExpression(node.expression) ? node.expression.name : node.expression;
  return isIdentifier(callee) && callee.text === 'createRequire';
}

/** The compiler lists `import('x')` itself, not what is computed. */
function moduleOfCall(call: CallExpression, requires: ReadonlySet<string>): string[] {
  const [argument] = call.arguments;
  const module = literal(argument);
  if (call.expression.kind === SyntaxKind.ImportKeyword) {
    return module === '*' ? ['*'] : [];
  }
  const callee = isPropertyAccessExpression(call.expression) ? call.expression.expression : call.expression;
  const isRequire = isCreateRequire(callee) || (isIdentifier(callee) && requires.has(callee.text));
  return isRequire ? [module] : [];
}

function processMember(node: Node): string[] {
  if (!isIdentifier(node) || node.text !== 'process') {
    return [];
  }
  const whole = isGlobalProcess(node.parent) ? node.parent : node;
  const { parent } = whole;
  if (isPropertyAccessExpression(parent) && parent.expression === whole) {
    return [parent.name.text];
  }
  if (isElementAccessExpression(parent) && parent.expression === whole) {
    return [literal(parent.argumentExpression)];
  }
  if (isVariableDeclaration(parent) && parent.initializer === whole) {
    return destructured(parent.name);
  }
  return [];
}

function destructured(pattern: Node): string[] {
  if (isIdentifier(pattern)) {
    return ['*'];
  }
  return [...descendants(pattern)].filter(isBindingElement).map(({ propertyName, name }) => {
    const member = propertyName ?? name;
    return member !== undefined && isIdentifier(member) ? member.text : literal(member);
  });
}

function isGlobalProcess(node: Node): boolean {
  return (
    isPropertyAccessExpression(node) &&
    node.name.text === 'process' &&
    /^global(This)?$/.test(node.expression.getText())
  );
}

/** The text of a string; `*` for what is computed. */
function literal(node: Node | undefined): string {
  return node !== undefined && (isStringLiteral(node) || isNoSubstitutionTemplateLiteral(node)) ? node.text : '*';
}
