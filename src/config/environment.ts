/** The environment: the only place that touches process.env; read once by the supervisor, which decides what its children get. */
import { unreadSecrets } from './kubehook.js';
import { type OptionName, optionNamed, optionNames } from './options.js';

export type Environment = Readonly<Record<string, string | undefined>>;

/**
 * What the front and the PAM workers inherit: the search path, language and time zone (PAM modules print and compare
 * dates), and what nss_wrapper, pam_wrapper and sanitizers need. Everything else stays behind: secrets, and Node's own
 * switches (NODE_OPTIONS, NODE_EXTRA_CA_CERTS, ...), which could load code into a child.
 */
const INHERITED =
  /^(PATH|LANG|LANGUAGE|LC_[A-Z]+|TZ|LD_PRELOAD|LD_LIBRARY_PATH|(NSS|PAM)_WRAPPER(_\w+)?|[AL]SAN_OPTIONS)$/;

/** A copy of the environment. */
export function readEnvironment(): Environment {
  return Object.freeze({ ...process.env });
}

/**
 * Takes the secrets out of process.env, so that no child or diagnostic report gets them. `wipe` overwrites the memory in
 * which the kernel gave a variable, while it can still be found.
 */
export function forgetSecrets(wipe: (name: string) => void): void {
  for (const name of secretNames()) {
    wipe(name);
    delete process.env[name];
  }
}

/** Takes variables that were meant for this process alone out of process.env. */
export function forgetVariables(names: readonly string[]): void {
  for (const name of names) delete process.env[name];
}

/** The environment of a child process: an allowlist, empty values left out. */
export function childEnvironment(environment: Environment): Record<string, string> {
  const inherited: Record<string, string> = {};
  for (const [name, value] of Object.entries(environment)) {
    if (value && INHERITED.test(name)) inherited[name] = value;
  }
  return inherited;
}

/** The options that the environment sets; an empty variable counts as unset. */
export function optionsInEnvironment(environment: Environment): ReadonlyMap<OptionName, string> {
  const values = new Map<OptionName, string>();
  for (const name of optionNames) {
    const variable = optionNamed(name).environment;
    const value = variable === undefined ? undefined : environment[variable];
    if (value) values.set(name, value);
  }
  return values;
}

function secretNames(): string[] {
  const own = optionNames.flatMap((name) => {
    const { secret, environment } = optionNamed(name);
    return secret && environment !== undefined ? [environment] : [];
  });
  return [...own, ...unreadSecrets];
}
