/** What the page is made of beside its HTML: read when the front is loaded, before it gives up its privileges, and served from memory. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { packageRoot } from '../package-root.js';

export interface Asset {
  readonly type: string;
  readonly body: Buffer;
}

export const assets = new Map<string, Asset>();

export const scriptPath = add('page.js', 'text/javascript; charset=utf-8', read('page.js'));
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

function read(name: string): string {
  return readFileSync(`${packageRoot}dist/web/${name}`, 'utf8');
}
