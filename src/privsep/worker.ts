/** A PAM worker: one login at a time, from PAM transaction and account check to identity and signature; or one user whom a proxy named, or one account check. Runs as root. */
import { randomUUID } from 'node:crypto';
import { closeSync, openSync, writeFileSync } from 'node:fs';
import { Socket } from 'node:net';
import { getPriority, setPriority } from 'node:os';
import { type ErrorCode, PamhookError } from '../errors.js';
import { createSystemIdentitySource } from '../identity/system.js';
import { importSigningMaterial } from '../keys/signer.js';
import type { Logger } from '../log/logger.js';
import { createLogger } from '../log/stderr-logger.js';
import { loadNative } from '../native/binding.js';
import { createPam, PAM_TTY } from '../pam/libpam.js';
import type { Pam } from '../pam/pam.js';
import { createIssueToken, type IssueResult, type IssueToken } from '../token/issue-token.js';
import { createVouchToken, type VouchToken } from '../token/vouch-token.js';
import { boundedTexts } from './bounded-texts.js';
import { type Channel, openChannel } from './channel.js';
import { CHANNEL_FD } from './child.js';
import { materialOf } from './key-frame.js';
import { dieWithSupervisor, guardMemory, leaveSignalsToSupervisor, refuseDebugger } from './privileges.js';
import {
  type AccountCheckedFrame,
  type CheckAccountFrame,
  type FromWorker,
  type IssueFrame,
  type IssueResultFrame,
  type KeyFrame,
  type ToWorker,
  toWorker,
  type VouchedFrame,
  type VouchWorkFrame,
  type WorkerConfiguration,
} from './protocol.js';

/** How often children that modules started and forgot are looked for, milliseconds. Never during a transaction, which blocks. */
const REAP_INTERVAL = 5_000;

const MOST_NICE = 19;

/** The exit code that tells why; the log has it. EMFILE of errno(3). */
const OUT_OF_DESCRIPTORS = 24;

refuseDebugger();
process.title = 'pamhook: worker';
leaveSignalsToSupervisor();
// Node makes a pipe that blocks no more of it: a PAM module that writes there must not wait for whoever reads the log.
void process.stderr;

const native = loadNative();
// Before the first secret comes in.
native.forbidCoreDumps();
let issue: ((frame: IssueFrame) => Promise<IssueResultFrame>) | undefined;
let vouch: ((frame: VouchWorkFrame) => Promise<VouchedFrame>) | undefined;
let changeSigningKey: ((key: KeyFrame) => void) | undefined;
let checkAccount: ((frame: CheckAccountFrame) => AccountCheckedFrame) | undefined;

const channel: Channel<FromWorker> = openChannel<ToWorker, FromWorker>(new Socket({ fd: CHANNEL_FD }), toWorker, {
  onFrame: (frame) => void receive(frame),
  // The supervisor lets a worker retire by ending its channel.
  onEnd: () => process.exit(0),
});

/**
 * Hashing passwords is work, and where both want a processor the reviews come first. Each process is a session of its own, and where Linux
 * groups processes by session (sched(7), autogroup) a nice value counts within the group alone.
 */
function yieldToOthers(nicer: number): void {
  if (nicer === 0) return;
  const nice = Math.min(getPriority() + nicer, MOST_NICE);
  setPriority(nice);
  try {
    writeFileSync('/proc/self/autogroup', String(nice));
  } catch {
    // There are no such groups here, or they are not for us to change.
  }
}

async function receive(frame: ToWorker): Promise<void> {
  if (frame.kind === 'ping') channel.send({ kind: 'pong' });
  else if (frame.kind === 'configure') configure(frame);
  else if (frame.kind === 'signing-key') changeSigningKey?.(frame.signingKey);
  else if (frame.kind === 'check-account') {
    if (checkAccount !== undefined) answer(checkAccount(frame));
  } else if (frame.kind === 'vouch') {
    if (vouch !== undefined) answer(await vouch(frame));
  } else if (issue !== undefined) answer(await issue(frame));
}

/**
 * Where no file can be opened, because modules leak descriptors or the system has none left, a refusal may be of the wrong person. The
 * supervisor answers for a worker that has ended: could not check.
 */
function answer(result: IssueResultFrame | VouchedFrame | AccountCheckedFrame): void {
  if (result.outcome === 'issued' || result.outcome === 'allowed' || canOpenFiles()) channel.send(result);
  else process.exit(OUT_OF_DESCRIPTORS);
}

function canOpenFiles(): boolean {
  try {
    closeSync(openSync('/dev/null', 'r'));
    return true;
  } catch (fault) {
    return !['EMFILE', 'ENFILE'].includes((fault as NodeJS.ErrnoException).code ?? '');
  }
}

function configure(configuration: WorkerConfiguration): void {
  const { logging } = configuration;
  const log = createLogger({
    ...logging,
    process: 'worker',
    isTerminal: false,
    write: native.writeNow,
  });
  try {
    guardMemory(native, configuration.lockMemory, log);
    dieWithSupervisor(native, configuration.supervisorPid);
    native.tieHelpers();
    setInterval(native.reapAll, REAP_INTERVAL).unref();
    changeSigningKey = (signingKey) => {
      issue = framed(issueTokenOf({ ...configuration, signingKey }, log), log);
      vouch = vouchedFor(vouchTokenOf({ ...configuration, signingKey }, log), log);
    };
    changeSigningKey(configuration.signingKey);
    checkAccount = accountChecked(accountPhaseOf(configuration), log);
    // Not before: who waits for a worker to start waits for a login.
    yieldToOthers(configuration.nicer);
    channel.send({ kind: 'ready' });
  } catch (fault) {
    log.error('the PAM worker cannot start', { fault });
    process.exit(1);
  }
}

function issueTokenOf(configuration: WorkerConfiguration, log: Logger): IssueToken {
  const { pamServiceName: service, pamConfigDir: configDir, token } = configuration;
  return createIssueToken({
    ...signingOf(configuration, log),
    pam: createPam({ native, service, configDir, tty: PAM_TTY }),
    claims: token.claims,
  });
}

function vouchTokenOf(configuration: WorkerConfiguration, log: Logger): VouchToken {
  return createVouchToken({ ...signingOf(configuration, log), vouching: configuration.token.vouching });
}

/** What both ways to a token need. */
function signingOf({ signingKey, token, identityTimeout: timeout }: WorkerConfiguration, log: Logger) {
  const { issuer, audience, defaultLifetime, maxLifetime, policy } = token;
  const signer = importSigningMaterial(materialOf(signingKey));
  const identities = createSystemIdentitySource({ native, log, timeout });
  const choices = { audience, defaultLifetime, maxLifetime };
  return { ...choices, issuer, policy, signer, identities, now: Date.now, randomId: randomUUID };
}

/** A service of its own may leave out what must not run without a login. */
function accountPhaseOf({ accountCheckService, pamConfigDir }: WorkerConfiguration): Pick<Pam, 'checkAccount'> {
  return createPam({ native, service: accountCheckService, configDir: pamConfigDir, tty: PAM_TTY });
}

/** One frame in, one frame out: what could not be checked is told apart by its code, never by silence. */
function framed(issueToken: IssueToken, log: Logger): (frame: IssueFrame) => Promise<IssueResultFrame> {
  return async ({ id, requestId, username, responses, source, lifetime, audience }) => {
    try {
      const result = await issueToken({ requestId, username, responses, source, lifetime, audience });
      return { kind: 'issue-result', id, ...withinBounds(result) };
    } catch (fault) {
      log.error('a login could not be checked', { requestId, fault });
      return { kind: 'issue-result', id, outcome: 'unavailable', code: codeOf(fault) };
    }
  };
}

/** Refuses all while no header is believed, whoever asks. */
function vouchedFor(vouchToken: VouchToken, log: Logger): (frame: VouchWorkFrame) => Promise<VouchedFrame> {
  return async ({ id, requestId, username, groups, lifetime, audience }) => {
    try {
      return { kind: 'vouched', id, ...(await vouchToken({ username, groups, lifetime, audience })) };
    } catch (fault) {
      log.error('a user whom a proxy named could not be given a token', { requestId, fault });
      const code = fault instanceof PamhookError ? fault.code : 'ERR_INTERNAL';
      return { kind: 'vouched', id, outcome: 'unavailable', code };
    }
  };
}

/** Signs nothing: what it answers is worth a no to a review, and no token. */
function accountChecked(
  pam: Pick<Pam, 'checkAccount'>,
  log: Logger,
): (frame: CheckAccountFrame) => AccountCheckedFrame {
  return ({ id, username }) => {
    try {
      const answer = pam.checkAccount(username);
      if (answer.outcome === 'refused') {
        const { code, stage } = answer.detail;
        log.verbose(1, 'the account phase refuses at a review', { user: username, reason: answer.reason, code, stage });
      }
      return { kind: 'account-checked', id, outcome: answer.outcome };
    } catch (fault) {
      log.error('an account could not be checked', { user: username, fault });
      return { kind: 'account-checked', id, outcome: 'unavailable', code: codeOf(fault) };
    }
  };
}

function codeOf(fault: unknown): ErrorCode {
  return fault instanceof PamhookError ? fault.code : 'ERR_PAM_UNAVAILABLE';
}

/** Modules may say more than a frame holds. */
function withinBounds(result: IssueResult): IssueResult {
  if (result.outcome !== 'prompted') return { ...result, messages: boundedTexts(result.messages) };
  const texts = boundedTexts(result.prompts.map(({ text }) => text));
  return {
    ...result,
    prompts: result.prompts.slice(0, texts.length).map(({ echo }, index) => ({ text: texts[index] ?? '', echo })),
  };
}
