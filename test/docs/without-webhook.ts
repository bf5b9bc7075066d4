/** What docs/without-webhook.md tells an operator to give kube-apiserver, for the tests that hold it to its word. */
import { readFileSync } from 'node:fs';
import { parse } from 'yaml';

const PAGE = readFileSync(new URL('../../../docs/without-webhook.md', import.meta.url), 'utf8');

function blocks(language: string): string[] {
  return [...PAGE.matchAll(new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\`$`, 'gm'))].map(([, text = '']) => text);
}

/** The flags of kube-apiserver, each with its value. */
export function documentedFlags(): ReadonlyMap<string, string> {
  const flags = blocks('sh')
    .join('')
    .matchAll(/^ {2}--([\w-]+)=(.*?)(?: \\)?$/gm);
  return new Map([...flags].map(([, name = '', value = '']) => [name, value]));
}

/** The files of `--authentication-config`. */
export function documentedConfigurations(): readonly unknown[] {
  return blocks('yaml').map((text) => parse(text));
}

/** The flags of pamhook, as they would be given. */
export function documentedPamhookFlags(): readonly string[] {
  return (/^## pamhook\n\n((?: {4}.*\n)+)/m.exec(PAGE)?.[1] ?? '').trim().split(/\s+/);
}
