/** The pages of the docs that are made from tables in the code; used by the generator and by the test that holds them to it. */
import { readFileSync } from 'node:fs';
import { aliasTexts, defaultText, exampleText, unitOf } from '#src/config/help.js';
import { type OptionName, optionNamed, optionNames } from '#src/config/options.js';
import { errorCodes } from '#src/errors.js';
import { callerFaults } from '#src/http/caller.js';
import { headerFaults } from '#src/http/user-header.js';
import { auditEvents } from '#src/log/audit-event.js';
import { httpPage } from './bounds-table.js';
import { clientCommandsTable, clientFlagsTable, kubeconfigHelp } from './client-tables.js';
import { limitsTable } from './limits.js';
import { metricsTable } from './metrics-table.js';

const MADE = '<!-- Made from the code by `node build/test/docs/generate.js`: do not edit. -->';

/** By path from the project's top. */
export const pages: Readonly<Record<string, () => string>> = {
  'docs/options.md': optionsPage,
  'docs/audit-events.md': auditEventsPage,
  'docs/error-codes.md': errorCodesPage,
  'docs/http.md': httpPage,
  'docs/metrics.md': () => withTable(readPage('docs/metrics.md'), 'metrics', metricsTable()),
  'docs/security.md': securityPage,
  'docs/kubectl.md': () =>
    withTable(withTable(readPage('docs/kubectl.md'), 'commands', clientCommandsTable()), 'flags', clientFlagsTable()),
  'docs/kubeconfig.md': () => withTable(readPage('docs/kubeconfig.md'), 'help', kubeconfigHelp()),
};

function securityPage(): string {
  const page = withTable(readPage('docs/security.md'), 'limits', limitsTable());
  return withTable(
    withTable(page, 'caller-faults', faultsTable(callerFaults)),
    'header-faults',
    faultsTable(headerFaults),
  );
}

function faultsTable(faults: Readonly<Record<string, string>>): string {
  const rows = Object.entries(faults).map(([fault, cure]) => `| \`${fault}\` | ${cure} |`);
  return ['| reason | what is wrong |', '|---|---|', ...rows].join('\n');
}

function readPage(path: string): string {
  return readFileSync(new URL(`../../../${path}`, import.meta.url), 'utf8');
}

/** A page written by hand, its table between two marks made anew. */
function withTable(page: string, name: string, table: string): string {
  const [before = '', rest = ''] = page.split(`<!-- ${name} -->\n`);
  const [, after = ''] = rest.split(`<!-- /${name} -->\n`);
  return `${before}<!-- ${name} -->\n${table}\n<!-- /${name} -->\n${after}`;
}

function optionsPage(): string {
  return `# Options of \`pamhook serve\`

${MADE}

A flag beats its environment variable, which beats the \`--config\` file, which beats the default. Every value that is given is checked, also
one that a stronger place overrides; an unknown flag or a bad value ends with exit code 2 and one line. \`--print-config\` shows what
came from where.

- **Flags** follow Go's \`flag\` package, so that a command line of pam_hook means the same: one dash or two, \`-flag value\` or \`-flag=value\`; a flag
  without a value in the table below is a boolean, which takes one only after \`=\`; of a repeated flag the last counts; nothing but flags is taken.
  Other than in Go, a value that begins like a known flag is taken only after \`=\`.
- **Environment:** an empty variable counts as unset.
- **File:** YAML or JSON, at most 1 MiB, its keys named as the flags, without aliases. A comma list may also be a list. An unknown key is an error.
- **Durations** are written as in Go: \`500ms\`, \`90s\`, \`10m\`, \`1h30m\`, \`1.5h\`. Only \`0\` needs no unit.
- An empty value unsets an option whose default is *not set*.
- **Flags of kubehook** that have another name here are taken too, on the command line alone: ${aliasTexts().map(code).join(', ')}. Two
  spellings at once are an error. [From kubehook](migrating.md#from-kubehook) has the rest.

| flag | environment | default | what it does |
|---|---|---|---|
${optionNames.map(optionRow).join('\n')}

## A file

\`\`\`yaml
bind-port: 6443
cert-file: /etc/pamhook/tls.crt
key-file: /etc/pamhook/tls.key
signing-key-file: /etc/pamhook/signing.key
audience: [https://kubernetes.default.svc]
token-expires-in: 60
pam-timeout: 1m
\`\`\`

## What the other processes inherit

The front and the PAM workers get none of the environment but \`PATH\`, \`LANG\`, \`LANGUAGE\`, \`LC_*\`, \`TZ\`, \`LD_PRELOAD\`, \`LD_LIBRARY_PATH\`,
\`NSS_WRAPPER*\`, \`PAM_WRAPPER*\`, \`ASAN_OPTIONS\` and \`LSAN_OPTIONS\`: no secret, and none of Node's own switches.
`;
}

function optionRow(name: OptionName): string {
  const { environment, format, doc } = optionNamed(name);
  const must = format.obvious ? '' : ` Must be ${format.expected}${unitOf(name)}.`;
  const flag = code(`-${name} ${format.placeholder}`.trimEnd());
  const cells = [
    flag,
    environment ? code(environment) : '',
    defaultCell(name),
    `${doc}${must} ${code(exampleText(name))}`,
  ];
  return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
}

function defaultCell(name: OptionName): string {
  const shown = defaultText(name);
  return shown === 'not set' || shown === 'empty' ? shown : code(shown);
}

function code(text: string): string {
  return `\`${text}\``;
}

function auditEventsPage(): string {
  const rows = Object.entries(auditEvents).map(([event, meaning]) => `| \`${event}\` | ${meaning} |`);
  return `# Audit events

${MADE}

One JSON object a line, at most 4096 bytes, written with one write(2) to \`audit-log\`. Every line has \`time\` (RFC 3339, milliseconds, UTC), \`event\`,
\`process\` (\`supervisor\`, \`front\` or \`worker\`) and \`pid\`; then, where they are known, \`requestId\` (the \`X-Request-Id\` of the answer), \`source\`
(the client's address), \`user\`, \`jti\` (the token's id) and what the event adds. Never a password or a token. Characters that could
forge or disturb a line are escaped; a value too long for the line is cut and ends in \`…[cut]\`. A line that a full disk cut off is
ended before the next: a reader skips what is not JSON.

| event | meaning |
|---|---|
${rows.join('\n')}
`;
}

function errorCodesPage(): string {
  const rows = Object.entries(errorCodes).map(([name, { http, meaning }]) => `| \`${name}\` | ${http} | ${meaning} |`);
  return `# Error codes

${MADE}

They are stable: logs, the audit log and metrics name them. The HTTP status is what a client gets when the error ends its request.

| code | HTTP status | meaning |
|---|---|---|
${rows.join('\n')}
`;
}
