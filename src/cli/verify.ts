/** `pamhook verify`: a token taken apart, and what a review of it would answer now, here. */
import { readEnvironment } from '../config/environment.js';
import type { Settings } from '../config/settings.js';
import { ConfigurationError } from '../errors.js';
import { createSystemIdentitySource } from '../identity/system.js';
import type { Logger } from '../log/logger.js';
import { loadNative } from '../native/binding.js';
import type { Native } from '../native/native.js';
import { createPam, PAM_TTY } from '../pam/libpam.js';
import type { AccountAllowed } from '../token/account-allowed.js';
import { MAX_TOKEN_CHARACTERS } from '../token/claims.js';
import { type CommandIo, explain } from './command.js';
import { parseVerifyArguments, type VerifyArguments } from './verify/arguments.js';
import { type Examination, examine, readGivenKeys } from './verify/examination.js';
import { type Answer, answerOf, examinationJson, examinationText } from './verify/report.js';

const EXIT: Readonly<Record<Answer, number>> = { yes: 0, no: 1, 'could not check': 3 };
/** A longer token is too long in any case. */
const MAX_INPUT_BYTES = 4 * MAX_TOKEN_CHARACTERS;

/** Resolves to 0 (yes), 1 (no) or 3 (could not check). `now`: milliseconds since the epoch. Throws ConfigurationError. */
export async function runVerify(
  argv: readonly string[],
  io: CommandIo,
  now: () => number = Date.now,
  environment = readEnvironment(),
): Promise<number> {
  const verify = parseVerifyArguments(argv, environment);
  if (typeof verify === 'string') {
    io.stdout.write(verify);
    return 0;
  }
  try {
    const examination = await examineHere(verify, io, now);
    const show = verify.output === 'json' ? examinationJson : examinationText;
    io.stdout.write(show(examination, now()));
    return EXIT[answerOf(examination)];
  } catch (fault) {
    // The exit code of other faults would be a no.
    if (fault instanceof ConfigurationError) throw fault;
    io.stderr.write(`pamhook verify: ${explain(fault)}\n`);
    return EXIT['could not check'];
  }
}

async function examineHere(
  { token, audiences, settings, warnings }: VerifyArguments,
  io: CommandIo,
  now: () => number,
): Promise<Examination> {
  const log = warningsTo(io);
  for (const warning of warnings) log.warn(warning);
  const native = loadNative();
  native.forbidCoreDumps();
  const keys = readGivenKeys(settings, { native, log, now });
  const identities = createSystemIdentitySource({ native, log, timeout: settings.identityTimeout });
  const asked = { identities, ...accountPhase(settings, native), now };
  return examine(token ?? (await readToken(io)), audiences, { keys, settings, ...asked });
}

/** As a PAM worker asks it for a review. */
function accountPhase(settings: Settings, native: Native): { accountAllowed?: AccountAllowed } {
  const { reviewAccountCheck, accountCheckService, pamServiceName, pamConfigDir: configDir } = settings;
  if (!reviewAccountCheck) return {};
  const pam = createPam({ native, service: accountCheckService ?? pamServiceName, configDir, tty: PAM_TTY });
  return { accountAllowed: async (username) => pam.checkAccount(username).outcome === 'allowed' };
}

/** Without the white space around it: a newline ends what curl writes to a file. */
async function readToken({ stdin, stderr }: CommandIo): Promise<string> {
  if (stdin?.isTTY) stderr.write('pamhook verify: reads the token from here; end it with Ctrl-D\n');
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of stdin ?? []) {
    chunks.push(Buffer.from(chunk as Uint8Array));
    length += chunk.length;
    if (length > MAX_INPUT_BYTES) break;
  }
  const token = Buffer.concat(chunks).toString('utf8').trim();
  if (token === '') throw new ConfigurationError('there is no token on standard input', 'try: pamhook verify --help');
  return token;
}

function warningsTo({ stderr }: CommandIo): Logger {
  const warn = (message: string) =>
    void stderr.write(`pamhook verify: warning: ${message.replaceAll(/\p{Cc}+/gu, ' ')}\n`);
  return { error: warn, warn, info() {}, verbose() {} };
}
