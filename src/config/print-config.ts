/** `--print-config`: every option with its value and where that came from, as a YAML file; printed by the supervisor. */
import { type OptionName, type OptionValues, optionNamed, optionNames } from './options.js';
import { asJson } from './quote.js';
import { placeOf, type Source } from './source.js';
import { version } from './version.js';

const REDACTED = '[redacted]';
const COMMENT_COLUMN = 40;

/** What it prints can be given to --config again, but for secrets. */
export function printConfig(values: OptionValues, sources: ReadonlyMap<OptionName, Source>): string {
  const inFile = optionNames.filter((name) => optionNamed(name).inFile !== false);
  const lines = inFile.map((name) => line(name, values[name], sources.get(name) ?? { kind: 'default' }));
  return [`# pamhook ${version}`, ...lines, ''].join('\n');
}

function line(name: OptionName, value: unknown, source: Source): string {
  const { format, secret } = optionNamed(name);
  if (value === undefined) return withComment(`# ${name}:`, `not set (${placeOf(name, source)})`);
  return withComment(`${name}: ${asJson(secret ? REDACTED : format.print(value))}`, placeOf(name, source));
}

function withComment(text: string, comment: string): string {
  return `${text.padEnd(COMMENT_COLUMN)} # ${asJson(comment).slice(1, -1)}`;
}
