/** What the page is made of beside its HTML: read when the front is loaded, before it gives up its privileges, and served from memory. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { joinModules } from './joined-script.js';

export interface Asset {
  readonly type: string;
  readonly body: Buffer;
}

/** A module comes after those of which it needs more than functions. */
const MODULES = [
  'elements',
  'spans',
  'claims',
  'commands',
  'problems',
  'answer',
  'copying',
  'tabs',
  'countdown',
  'downloads',
  'lifetime',
  'prompts',
  'issued',
  'sign-in',
  'main',
];

export const assets = new Map<string, Asset>();

export const scriptPath = add('page.js', 'text/javascript; charset=utf-8', script());
export const stylePath = add('page.css', 'text/css; charset=utf-8', read('page.css'));
export const iconPath = add('icon.svg', 'image/svg+xml', read('icon.svg'));

/** The path, which changes with the contents, as the page refers to it: relative, for proxies that put a prefix before it. */
function add(name: string, type: string, text: string): string {
  const body = Buffer.from(text);
  const digest = createHash('sha256').update(body).digest('base64url').slice(0, 16);
  const path = `assets/${name.replace('.', `-${digest}.`)}`;
  assets.set(`/${path}`, { type, body });
  return path;
}

function script(): string {
  return joinModules(MODULES.map((name) => read(`browser/${name}.js`)));
}

function read(name: string): string {
  return readFileSync(new URL(name, import.meta.url), 'utf8');
}
