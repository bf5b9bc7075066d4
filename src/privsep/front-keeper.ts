/** Keeps one front running: starts it, serves its logins, replaces it when it dies, lets it drain; runs in the supervisor. */
import { PamhookError } from '../errors.js';
import type { Logger } from '../log/logger.js';
import type { Row } from '../metrics/series.js';
import { type AccountDesk, createAccountDesk } from './account-desk.js';
import { createBackOff } from './back-off.js';
import type { Child } from './child.js';
import { createEntryBudget } from './entry-budget.js';
import { requireFits } from './frame-size.js';
import { createLoginDesk, type DeskOptions, type LoginDesk } from './login-desk.js';
import type { FromFront, FrontConfiguration, HealthFrame, TemplateFrame, ToFront } from './protocol.js';
import { createReviewDesk, type ReviewDesk } from './review-desk.js';
import { createVanishedDesk, type VanishedDesk } from './vanished-desk.js';
import { createVouchDesk, type VouchDesk, type VouchDeskOptions } from './vouch-desk.js';

export type StartFront = (events: {
  onFrame(frame: FromFront): void;
  onAlive(): void;
  onExit(how: string): void;
}) => Child<ToFront>;

export interface KeeperOptions extends Omit<DeskOptions, 'answer'>, Pick<VouchDeskOptions, 'vouched'> {
  /** Takes what fronts have counted. Absent: they may not tell. */
  readonly counts?: FrontCountsTaker;
  readonly startFront: StartFront;
  readonly configuration: FrontConfiguration;
  /** Of `kubecfg-template`. Absent: there is none. */
  readonly template?: readonly TemplateFrame[];
  /** Milliseconds of a steady clock. */
  readonly now: () => number;
}

/** For metrics. */
export interface FrontCountsTaker {
  /** What the running front has counted since its start. Throws ERR_PROTOCOL for what cannot be. */
  take(row: Row): void;
  /** The front is gone; `died`: and was not told to stop. */
  gone(died: boolean): void;
}

export interface FrontKeeper {
  /** Resolves when the first front accepts connections. Rejects with ERR_PRIVILEGE when it ended before that. */
  start(): Promise<void>;
  /** A new certificate and key for new connections, also of fronts still to be started. Throws ConfigurationError when it is too large. */
  changeTls(tls: FrontConfiguration['tls']): void;
  /**
   * Resolves when the front verifies with these keys, or when there is none: the next one starts with them.
   * Rejects with ConfigurationError when they are too large.
   */
  changeVerificationKeys(keys: FrontConfiguration['verificationKeys']): Promise<void>;
  /** Another kubecfg-template, also for fronts still to be started. */
  changeTemplate(frames: readonly TemplateFrame[]): void;
  /** What the front is to know for /readyz. */
  tellHealth(frame: HealthFrame): void;
  /** Lets the front answer what it has accepted; resolves when it is gone. */
  drain(): Promise<void>;
  kill(): void;
  /** Milliseconds since a front that had become ready last gave a sign of life. */
  silence(): number;
}

export function createFrontKeeper(options: KeeperOptions): FrontKeeper {
  const { log, now } = options;
  let { configuration, template = [] } = options;
  // A captured front must not ask what its operator does not let it ask.
  const accountCheckLimit = configuration.accountCheckTtl === undefined ? 0 : options.limit;
  const vouchLimit = configuration.headers === undefined ? 0 : options.limit;
  const reviews = createReviewDesk(options);
  const vanished = createVanishedDesk(options);
  const takeCounts = createCountsDesk(options);
  const backOff = createBackOff();
  let front: Child<ToFront> | undefined;
  let restart: NodeJS.Timeout | undefined;
  let stopping = false;
  let onceGone: (() => void) | undefined;
  let lastVersion = 0;
  let lastHeard = now();
  const awaited = new Map<number, () => void>();

  function launch(onReady: () => void, onEarlyExit?: (how: string) => void): void {
    backOff.started(now());
    let ready = false;
    function becomeReady(): void {
      if (ready) throw new PamhookError('ERR_PROTOCOL', 'ready came twice');
      ready = true;
      lastHeard = now();
      onReady();
    }
    const started = options.startFront({
      onFrame: (frame) =>
        receive(
          frame,
          { ready: becomeReady, settle, logins, vouches, accounts, reviews, vanished, counts: takeCounts },
          started,
          log,
        ),
      onAlive() {
        if (ready) lastHeard = now();
      },
      onExit(how) {
        logins.abandon();
        vouches.abandon();
        accounts.abandon();
        front = undefined;
        options.counts?.gone(!stopping);
        for (const version of [...awaited.keys()]) settle(version);
        if (!ready && onEarlyExit !== undefined) onEarlyExit(how);
        else gone(how);
      },
    });
    const answer = started.send;
    const logins = createLoginDesk({ ...options, answer });
    const vouches = createVouchDesk({ ...options, limit: vouchLimit, answer });
    const accounts = createAccountDesk({ pool: options.pool, limit: accountCheckLimit, answer });
    front = started;
    started.send(configuration);
    for (const frame of template) started.send(frame);
  }

  function gone(how: string): void {
    if (stopping) {
      onceGone?.();
      return;
    }
    const delay = backOff.delayAfterDeath(now());
    log.error('the front died', { how, restartIn: delay });
    restart = setTimeout(() => launch(() => log.info('the front accepts connections again')), delay);
  }

  function reconfigure(change: Partial<FrontConfiguration>): void {
    const next = { ...configuration, ...change };
    requireFits(next);
    configuration = next;
  }

  function settle(version: number): void {
    const resolve = awaited.get(version);
    if (resolve === undefined) throw new PamhookError('ERR_PROTOCOL', 'keys nobody asked about are in use');
    awaited.delete(version);
    resolve();
  }

  return {
    changeTls(tls) {
      reconfigure({ tls });
      front?.send({ kind: 'tls', tls });
    },
    async changeVerificationKeys(verificationKeys) {
      reconfigure({ verificationKeys });
      if (front === undefined) return;
      const version = ++lastVersion;
      front.send({ kind: 'verification-keys', version, verificationKeys });
      await new Promise<void>((resolve) => awaited.set(version, resolve));
    },
    changeTemplate(frames) {
      template = frames;
      for (const frame of frames) front?.send(frame);
    },
    tellHealth: (frame) => front?.send(frame),
    start: () =>
      new Promise((resolve, reject) => {
        launch(resolve, (how) => reject(new PamhookError('ERR_PRIVILEGE', `the front did not start: ${how}`)));
      }),
    drain() {
      stopping = true;
      clearTimeout(restart);
      if (front === undefined) return Promise.resolve();
      front.send({ kind: 'drain' });
      return new Promise((resolve) => {
        onceGone = resolve;
      });
    },
    kill: () => front?.kill(),
    silence: () => now() - lastHeard,
  };
}

/** Who takes which frames of a front; each throws ERR_PROTOCOL for what it did not ask for. */
interface Takers {
  ready(): void;
  /** Keys of this version are in use. */
  settle(version: number): void;
  readonly logins: LoginDesk;
  readonly vouches: VouchDesk;
  readonly accounts: AccountDesk;
  readonly reviews: ReviewDesk;
  readonly vanished: VanishedDesk;
  counts(row: Row): void;
}

/** A front that breaks the protocol ends: nothing it sends may harm the supervisor. */
function receive(frame: FromFront, takers: Takers, front: Child<ToFront>, log: Logger): void {
  try {
    take(frame, takers, front.pid);
  } catch (fault) {
    if (fault instanceof PamhookError && fault.code === 'ERR_PROTOCOL') {
      log.error('the front broke the protocol and is killed', { pid: front.pid, fault });
      front.kill();
    } else log.error('the audit log cannot be written', { fault });
  }
}

/** One row a second, and as many more as may come late. */
function createCountsDesk({ counts, now }: KeeperOptions): (row: Row) => void {
  const spend = createEntryBudget({ perSecond: 2, now, what: 'counts' });
  return (row) => {
    if (counts === undefined) throw new PamhookError('ERR_PROTOCOL', 'counts that nobody asked for');
    spend(1);
    counts.take(row);
  };
}

function take(
  frame: FromFront,
  { ready, settle, logins, vouches, accounts, reviews, vanished, counts }: Takers,
  pid: number,
): void {
  if (frame.kind === 'login') logins.take(frame);
  else if (frame.kind === 'cancel-login') logins.cancel(frame.id);
  else if (frame.kind === 'vouch') vouches.take(frame);
  else if (frame.kind === 'check-account') accounts.take(frame);
  else if (frame.kind === 'reviews') reviews.take(frame, pid);
  else if (frame.kind === 'vanished') vanished.take(frame, pid);
  else if (frame.kind === 'counts') counts(frame.row);
  else if (frame.kind === 'verification-keys-in-use') settle(frame.version);
  else if (frame.kind === 'ready') ready();
}
