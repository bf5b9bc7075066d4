/** The command line of `pamhook verify`: a token, and the options of the daemon whose answer is wanted. */
import type { Environment } from '../../config/environment.js';
import { list } from '../../config/format.js';
import { readSettings } from '../../config/read-settings.js';
import type { Settings } from '../../config/settings.js';
import { splitArguments } from '../../config/split-arguments.js';
import { version } from '../../config/version.js';
import { ConfigurationError } from '../../errors.js';
import { parseChoice } from '../flags.js';

export interface VerifyArguments {
  /** undefined: it comes on standard input. */
  readonly token: string | undefined;
  /** `spec.audiences` of the review. */
  readonly audiences: readonly string[];
  readonly output: 'text' | 'json';
  readonly settings: Settings;
  readonly warnings: readonly string[];
}

export const VERIFY_USAGE = `Usage: pamhook verify [TOKEN|-] [flags]

Shows a token's header and claims, which key it belongs to, and what a review would answer now and
why: with the keys and options given, and with the users and groups that this machine knows. Neither
its signature nor the whole token is printed. Without TOKEN, or with -, the token is read from
standard input, which is better: other users may see an argument for a moment, and a shell keeps it.

  --audiences A,B     what the review asks for in spec.audiences; default: nothing
  --output text|json  how the result is printed; default: text
  --help              prints this

All options of pamhook serve are taken, from flags, environment and --config file, so that the
daemon's own can be given: best all of them. Of -signing-key-file, -signing-key and
-verification-key-files one is required. -review-account-check asks PAM's account phase here too.

Exit code: 0 yes; 1 no; 2 arguments, files or environment are not as they must be; 3 not checked.

Example: pamhook verify -config /etc/pamhook/pamhook.yaml < token
`;

/** A text: what is to be printed in place of an answer. Throws ConfigurationError, which never shows a token. */
export function parseVerifyArguments(argv: readonly string[], env: Environment): VerifyArguments | string {
  const { own, operands, ofServe } = splitArguments(argv, ['audiences', 'output']);
  const invocation = readSettings({ argv: ofServe, env, purpose: 'verify' });
  if (!('settings' in invocation)) return invocation.mode === 'help' ? VERIFY_USAGE : `pamhook ${version}\n`;
  if (invocation.mode === 'print-config') return invocation.printable;
  const [token = '-', ...more] = operands;
  if (more.length > 0) throw new ConfigurationError('more than one token is given', 'try: pamhook verify --help');
  return {
    token: token === '-' ? undefined : token,
    audiences: parseAudiences(own.get('audiences') ?? ''),
    output: parseChoice('output', own.get('output') ?? 'text', ['text', 'json']),
    settings: invocation.settings,
    warnings: invocation.warnings,
  };
}

function parseAudiences(text: string): readonly string[] {
  const audiences = list.parse(text);
  if (list.holds(audiences)) return audiences;
  throw new ConfigurationError(`--audiences must be ${list.expected}`);
}
