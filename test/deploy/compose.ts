/** What a service of docker/compose.yaml means as arguments of `run`; a key that is not known here is an error. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { ROOT } from '../harness/child.js';

type Value = string | number | boolean | readonly string[] | Readonly<Record<string, string>>;

const list =
  (option: string) =>
  (value: Value): string[] =>
    (value as string[]).map((item) => `--${option}=${item}`);
const single =
  (option: string) =>
  (value: Value): string[] => [`--${option}=${value}`];

const OPTIONS: Readonly<Record<string, (value: Value) => string[]>> = {
  build: () => [],
  cap_add: list('cap-add'),
  cap_drop: list('cap-drop'),
  environment: (value) => Object.entries(value).map(([name, text]) => `--env=${name}=${text}`),
  mem_limit: single('memory'),
  memswap_limit: single('memory-swap'),
  network_mode: single('network'),
  pids_limit: single('pids-limit'),
  read_only: single('read-only'),
  restart: () => [],
  security_opt: list('security-opt'),
  stop_grace_period: (value) => [`--stop-timeout=${Number.parseInt(String(value), 10)}`],
  tmpfs: list('tmpfs'),
  volumes: list('volume'),
};

/** `moved`: directories of the machine, and what stands for them. */
export function runArguments(service: string, moved: Readonly<Record<string, string>>): string[] {
  const { services } = parse(readFileSync(join(ROOT, 'docker/compose.yaml'), 'utf8'));
  const { image, command, ...keys } = services[service] as Record<string, Value>;
  const options = Object.entries(keys).flatMap(([key, value]) => {
    const translate = OPTIONS[key];
    if (translate === undefined) throw new Error(`compose.yaml: ${key} has no counterpart here`);
    return translate(value);
  });
  const move = (option: string) => option.replace(/(?<=^--volume=)[^:]+/, (path) => moved[path] ?? path);
  return [...options.map(move), String(image), ...(command as string[])];
}
