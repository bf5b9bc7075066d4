/** Reads `kubecfg-template` and checks it, and cuts it into frames for the front; run by the supervisor. */
import { statSync } from 'node:fs';
import { readBounded } from '../config/config-file.js';
import { LONGEST_TEMPLATE, parseKubeconfigTemplate } from '../config/kubeconfig-template.js';
import { decodeUtf8 } from '../config/yaml-document.js';
import { ConfigurationError } from '../errors.js';
import type { Logger } from '../log/logger.js';
import { TEMPLATE_PIECE, type TemplateFrame } from './protocol.js';

/** What stands in the file. Throws ConfigurationError. */
export function readTemplate(path: string, publicUrl: string | undefined, log: Pick<Logger, 'warn'>): string {
  const origin = `kubecfg-template ${path}`;
  const { content, mode } = readOrFault(path, origin);
  const text = decodeUtf8(content, (reason) => new ConfigurationError(`${origin}: ${reason}`, 'write it anew'));
  const { warnings, namesServers } = parseKubeconfigTemplate(text, origin);
  for (const warning of warnings) log.warn(`${origin}: ${warning}`);
  if ((mode & 0o022) !== 0) log.warn(`${origin}: others than its owner can change where people send their tokens`);
  if (!namesServers && publicUrl === undefined)
    log.warn(`${origin}: without public-url there are no kubeconfigs for the credential plugin`);
  return text;
}

function readOrFault(path: string, origin: string): { content: Buffer; mode: number } {
  try {
    const { content } = readBounded(path, LONGEST_TEMPLATE);
    return { content, mode: statSync(path).mode };
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code ?? 'unknown error';
    throw new ConfigurationError(`${origin}: cannot be read (${code})`, 'name a readable file', { cause });
  }
}

export function templateFrames(text: string): TemplateFrame[] {
  const of = Math.ceil(text.length / TEMPLATE_PIECE);
  return Array.from({ length: of }, (_, index) => {
    const from = index * TEMPLATE_PIECE;
    return { kind: 'kubecfg-template', piece: index + 1, of, text: text.slice(from, from + TEMPLATE_PIECE) };
  });
}

/** The text, once its last piece has come; undefined before that. */
export function createTemplateReader(): (frame: TemplateFrame) => string | undefined {
  let pieces = '';
  return ({ piece, of, text }) => {
    pieces = piece === 1 ? text : pieces + text;
    return piece === of ? pieces : undefined;
  };
}
