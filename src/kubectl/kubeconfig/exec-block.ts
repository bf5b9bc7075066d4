/** The exec block of a user entry (client.authentication.k8s.io, ExecConfig): what is written, and what is known as pamhook's own. */
import { isObject, type JsonObject } from '../json.js';

export const API_VERSIONS = ['v1', 'v1beta1'] as const;
export type ApiVersion = (typeof API_VERSIONS)[number];

const PROGRAM = /^(kubectl-)?pamhook(\.(exe|cmd))?$/i;

/** Which pamhook, and how a token is got there: by the names of the flags of `pamhook credential`. */
export type Settings = Readonly<Record<string, string | readonly string[]>>;

export interface ExecBlock {
  readonly apiVersion: ApiVersion;
  readonly command: string;
  /** In the arguments: for whatever cluster. */
  readonly settings: Settings;
  /** Whether the extensions of clusters have the rest. */
  readonly provideClusterInfo: boolean;
}

export function execBlock({ apiVersion, command, settings, provideClusterInfo }: ExecBlock): JsonObject {
  return {
    apiVersion: `client.authentication.k8s.io/${apiVersion}`,
    command,
    args: ['credential', ...Object.entries(settings).flatMap(([name, value]) => flagsOf(name, value))],
    interactiveMode: 'IfAvailable',
    provideClusterInfo,
    installHint: `${fileName(command)} is not on this machine: it comes with the npm package pamhook`,
  };
}

function flagsOf(name: string, value: string | readonly string[]): readonly string[] {
  return [value].flat().map((each) => `--${name}=${each}`);
}

/** Whether the user logs in by `pamhook credential` and by nothing else. */
export function isOurs(user: JsonObject): boolean {
  const { exec, ...others } = user;
  if (!isObject(exec) || Object.keys(others).length > 0) return false;
  const { command, args } = exec;
  return typeof command === 'string' && isProgram(command) && Array.isArray(args) && args[0] === 'credential';
}

export function isProgram(command: string): boolean {
  return PROGRAM.test(fileName(command));
}

/** Also of a path of Windows, whatever reads it. */
export function fileName(path: string): string {
  return path.split(/[\\/]/).at(-1) ?? path;
}
