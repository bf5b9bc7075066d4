/** The tables of client commands and their flags in docs/kubectl.md. */
import { ABOUT } from '#src/kubectl/commands/kubeconfig.js';
import { type ClientCommandName, commandFlags, type Flag, type FlagName, flags } from '#src/kubectl/flags.js';
import { commandHelp } from '#src/kubectl/help.js';
import { clientSummaries } from '#src/kubectl/summaries.js';

export function clientCommandsTable(): string {
  const rows = Object.entries(clientSummaries).map(([name, does]) => `| \`${name}\` | ${does} |`);
  return ['| command | what it does |', '|---|---|', ...rows].join('\n');
}

/** They are about a token; docs/kubeconfig.md has the help of the others. */
const ABOUT_TOKENS = ['credential', 'login', 'logout', 'whoami', 'token'] as const satisfies ClientCommandName[];

export function kubeconfigHelp(): string {
  return ['```text', commandHelp('pamhook', 'kubeconfig', ABOUT).trimEnd(), '```'].join('\n');
}

export function clientFlagsTable(): string {
  const names = (Object.keys(flags) as FlagName[]).filter((name) => name !== 'help' && commandsWith(name) !== '');
  return [
    '| flag | environment | in the extension | default | what it does | commands |',
    '|---|---|---|---|---|---|',
    ...names.map(row),
  ].join('\n');
}

function row(name: FlagName): string {
  const { value = '', variable, inCluster, default: chosen = '', does }: Flag = flags[name];
  const cells = [
    `\`${`--${name} ${value}`.trimEnd()}\``,
    variable === undefined ? '' : `\`${variable}\``,
    inCluster ? 'yes' : '',
    chosen,
    does,
    commandsWith(name),
  ];
  return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
}

function commandsWith(name: FlagName): string {
  const having = ABOUT_TOKENS.filter((command) => commandFlags[command].some((each) => each === name));
  return having.length === ABOUT_TOKENS.length ? 'all' : having.map((command) => `\`${command}\``).join(', ');
}
