/** The PAM workers: hands each login and account check to a free one, kills the one that overruns, replaces the dead; runs in the supervisor. */
import type { ErrorCode } from '../errors.js';
import type { Logger } from '../log/logger.js';
import { createBackOff } from './back-off.js';
import type { Child } from './child.js';
import { createJobQueue, sharesOf, type Verb, type Waiting } from './job-queue.js';
import type { FromWorker, KeyFrame, ToWorker, WorkerConfiguration } from './protocol.js';

/** A worker beyond the one kept warm ends after so long without a login. */
const IDLE_LIMIT = 60_000;

/** A worker told to end has so long to do it. */
const DISMISSAL_LIMIT = 2_000;

/** How long a worker that ended, or starts, is no reason to say that none answers, milliseconds. */
const CHANGE_LIMIT = 3_000;

/** The frame that ends each verb. */
const answers = { issue: 'issue-result', vouch: 'vouched', 'check-account': 'account-checked' } as const;

type ResultFrame<V extends Verb> = Extract<FromWorker, { kind: (typeof answers)[V] }>;

/** One PAM transaction, as the pool sees it; `finish` is called exactly once. */
export interface Job<V extends Verb = Verb> extends Waiting {
  readonly verb: V;
  /** What the log says of it. */
  readonly about: Readonly<Record<string, string>>;
  /** What the worker is sent. */
  frame(id: number): Extract<ToWorker, { kind: V }>;
  finish(result: JobResult<V>): void;
}

/** What became of a job. */
export type JobResult<V extends Verb = Verb> = (
  | { readonly result: ResultFrame<V> }
  | { readonly unavailable: ErrorCode }
) & {
  /** Milliseconds since its PAM transaction began; 0 when none began. */
  readonly elapsed: number;
  /** Pid of the worker that had it. */
  readonly worker?: number;
};

export interface WorkerPool {
  /** Takes a job, or answers it at once with ERR_LOGIN_QUEUE_FULL. */
  submit(job: Job): void;
  /** Answers a job that still waits with ERR_LOGIN_QUEUE_FULL: its client went away, or others have more right to its place. */
  cancel(job: Job): void;
  /** How many workers are in which state, and how many jobs wait. */
  load(): PoolLoad;
  /** Whether logins can be expected to be checked: a worker is free, or those at work have lately answered. */
  answering(): boolean;
  /** Starts the worker that is kept warm. */
  warm(): void;
  /** Every login from now on is signed with this key. */
  changeSigningKey(key: KeyFrame): void;
  /** Ends all workers; what runs or waits is answered ERR_LOGIN_UNAVAILABLE. Resolves when all are gone. */
  stop(): Promise<void>;
}

export interface PoolLoad {
  readonly workers: Readonly<Record<WorkerState, number>>;
  readonly waiting: Readonly<Record<Verb, number>>;
}

/** Told of what happens, for counting. Times are milliseconds. */
export interface PoolWatch {
  waited(verb: Verb, milliseconds: number): void;
  ran(verb: Verb, milliseconds: number): void;
  /** A worker ended, and was not told to. */
  died(): void;
}

export type StartWorker = (events: { onFrame(frame: FromWorker): void; onExit(how: string): void }) => Child<ToWorker>;

export interface PoolOptions {
  readonly startWorker: StartWorker;
  readonly configuration: WorkerConfiguration;
  /** Processes, at most. */
  readonly workers: number;
  /** Whether account checks have a share of the workers. */
  readonly accountChecks: boolean;
  /** Whether users whom a proxy named have; they have none. */
  readonly vouching?: boolean;
  /** Jobs after which a worker retires. */
  readonly maxLogins: number;
  /** Milliseconds a job may take, and may wait. */
  readonly timeout: number;
  /** Logins that may wait, and account checks that may. */
  readonly queueLength: number;
  readonly watch?: PoolWatch;
  readonly log: Logger;
  /** Milliseconds of a steady clock. */
  readonly now: () => number;
}

export type WorkerState = 'starting' | 'idle' | 'busy' | 'leaving';

interface Worker {
  child: Child<ToWorker>;
  state: WorkerState;
  jobs: number;
  /** Present while busy. */
  run?: { readonly job: Job; readonly id: number; readonly began: number; readonly timer: NodeJS.Timeout };
  /** Present while idle or leaving. */
  timer?: NodeJS.Timeout | undefined;
}

/** Whether the frame is what the worker was asked for. */
function ends(run: Worker['run'], frame: FromWorker): frame is ResultFrame<Verb> {
  return run !== undefined && frame.kind === answers[run.job.verb] && frame.id === run.id;
}

export function createWorkerPool(options: PoolOptions): WorkerPool {
  const { log, now, watch } = options;
  let { configuration } = options;
  const workers = new Set<Worker>();
  const queue = createJobQueue<Job>(
    sharesOf(options.workers, options.accountChecks, options.vouching),
    options.queueLength,
  );
  /** Of the jobs in the queue: since when they wait, and when it is too long. */
  const waits = new Map<Job, { readonly since: number; readonly expiry: NodeJS.Timeout }>();
  const backOff = createBackOff();
  let restart: NodeJS.Timeout | undefined;
  let stopping = false;
  let onceEmpty: (() => void) | undefined;
  let lastId = 0;
  /** When a worker was last seen free, or answered. */
  let lastSeen = Number.NEGATIVE_INFINITY;

  function submit(job: Job): void {
    if (stopping) job.finish({ unavailable: 'ERR_LOGIN_UNAVAILABLE', elapsed: 0 });
    else if (!queue.add(job)) job.finish({ unavailable: 'ERR_LOGIN_QUEUE_FULL', elapsed: 0 });
    else {
      waits.set(job, { since: now(), expiry: setTimeout(() => expire(job), options.timeout) });
      dispatch();
    }
  }

  function expire(job: Job): void {
    log.warn('a job waited too long for a PAM worker', { verb: job.verb, ...job.about });
    drop(job, 'ERR_LOGIN_UNAVAILABLE');
  }

  function drop(job: Job, unavailable: ErrorCode): void {
    if (!queue.remove(job)) return;
    waitNoLonger(job);
    job.finish({ unavailable, elapsed: 0 });
  }

  function waitNoLonger(job: Job): void {
    const wait = waits.get(job);
    clearTimeout(wait?.expiry);
    if (wait !== undefined) watch?.waited(job.verb, now() - wait.since);
    waits.delete(job);
  }

  function dispatch(): void {
    for (const worker of workers) {
      if (worker.state !== 'idle' || !worker.child.alive()) continue;
      const job = queue.take();
      if (job === undefined) return;
      run(worker, job);
    }
    if (workers.size >= options.workers) return;
    const starting = [...workers].filter((worker) => worker.state === 'starting').length;
    if (queue.runnable() > starting) start();
  }

  function run(worker: Worker, job: Job): void {
    waitNoLonger(job);
    clearTimeout(worker.timer);
    const id = ++lastId;
    worker.state = 'busy';
    worker.jobs += 1;
    worker.run = { job, id, began: now(), timer: setTimeout(() => overrun(worker), options.timeout) };
    // Blocked in libpam it answers no ping; the time-out above watches it instead.
    worker.child.expectAnswers(false);
    worker.child.send(job.frame(id));
  }

  function overrun(worker: Worker): void {
    log.error('a PAM transaction took longer than pam-timeout; its PAM worker is killed', {
      pid: worker.child.pid,
      verb: worker.run?.job.verb,
      ...worker.run?.job.about,
      timeout: options.timeout,
    });
    finish(worker, 'ERR_LOGIN_OVERRUN');
    worker.state = 'leaving';
    worker.child.kill();
  }

  function finish(worker: Worker, outcome: ResultFrame<Verb> | ErrorCode): void {
    const ended = worker.run;
    if (ended === undefined) return;
    delete worker.run;
    queue.done(ended.job);
    clearTimeout(ended.timer);
    const run = { elapsed: now() - ended.began, worker: worker.child.pid };
    watch?.ran(ended.job.verb, run.elapsed);
    ended.job.finish(typeof outcome === 'string' ? { unavailable: outcome, ...run } : { result: outcome, ...run });
  }

  function start(): void {
    if (stopping || restart !== undefined || workers.size >= options.workers) return;
    backOff.started(now());
    const worker: Worker = {
      child: options.startWorker({
        onFrame: (frame) => receive(worker, frame),
        onExit: (how) => gone(worker, how),
      }),
      state: 'starting',
      jobs: 0,
    };
    workers.add(worker);
    worker.child.send(configuration);
  }

  function receive(worker: Worker, frame: FromWorker): void {
    if (frame.kind === 'ready' && worker.state === 'starting') rest(worker);
    else if (ends(worker.run, frame)) conclude(worker, frame);
    else if (frame.kind !== 'ready' || worker.state !== 'leaving') {
      log.error('a PAM worker sent a frame nobody asked for and is killed', {
        pid: worker.child.pid,
        kind: frame.kind,
      });
      worker.child.kill();
    }
  }

  function conclude(worker: Worker, result: ResultFrame<Verb>): void {
    finish(worker, result);
    worker.child.expectAnswers(true);
    lastSeen = now();
    if (worker.jobs < options.maxLogins) rest(worker);
    else {
      dismiss(worker);
      // Another worker may be idle because this one's job was in the way of the next.
      dispatch();
    }
  }

  function rest(worker: Worker): void {
    worker.state = 'idle';
    worker.timer = setTimeout(() => idleTooLong(worker), IDLE_LIMIT);
    worker.timer.unref();
    dispatch();
  }

  /** A transaction may take its time: workers that are all at work are given as long as one of them. */
  function answering(): boolean {
    const states = [...workers].filter(({ child }) => child.alive()).map(({ state }) => state);
    if (states.includes('idle')) lastSeen = now();
    return now() - lastSeen < (states.includes('busy') ? options.timeout : CHANGE_LIMIT);
  }

  function load(): PoolLoad {
    const counted = { starting: 0, idle: 0, busy: 0, leaving: 0 };
    for (const { state } of workers) counted[state] += 1;
    const waiting = { issue: 0, vouch: 0, 'check-account': 0 };
    for (const { verb } of waits.keys()) waiting[verb] += 1;
    return { workers: counted, waiting };
  }

  function idleTooLong(worker: Worker): void {
    const idle = [...workers].filter((other) => other.state === 'idle').length;
    if (idle > 1) dismiss(worker);
    else if (worker.state === 'idle') worker.timer?.refresh();
  }

  function dismiss(worker: Worker): void {
    worker.state = 'leaving';
    clearTimeout(worker.timer);
    worker.timer = setTimeout(() => worker.child.kill(), DISMISSAL_LIMIT);
    worker.child.dismiss();
  }

  function gone(worker: Worker, how: string): void {
    const expected = worker.state === 'leaving';
    workers.delete(worker);
    clearTimeout(worker.timer);
    finish(worker, 'ERR_LOGIN_WORKER_DIED');
    if (!stopping) {
      const delay = expected ? 0 : backOff.delayAfterDeath(now());
      if (!expected) watch?.died();
      if (!expected) log.error('a PAM worker died', { pid: worker.child.pid, how, restartIn: delay });
      restartAfter(delay);
    }
    if (workers.size === 0) onceEmpty?.();
  }

  /** Keeps one worker warm, and more while logins wait. */
  function restartAfter(delay: number): void {
    if (restart !== undefined) return;
    restart = setTimeout(() => {
      restart = undefined;
      if (workers.size === 0) start();
      dispatch();
    }, delay);
  }

  /** A busy worker finds the frame before the one with its next login. */
  function changeSigningKey(signingKey: KeyFrame): void {
    configuration = { ...configuration, signingKey };
    for (const { child } of workers) child.send({ kind: 'signing-key', signingKey });
  }

  async function stop(): Promise<void> {
    stopping = true;
    clearTimeout(restart);
    for (const job of queue.jobs()) drop(job, 'ERR_LOGIN_UNAVAILABLE');
    for (const worker of workers) {
      if (worker.state === 'busy') worker.child.kill();
      dismiss(worker);
    }
    if (workers.size > 0)
      await new Promise<void>((resolve) => {
        onceEmpty = resolve;
      });
  }

  const cancel = (job: Job) => drop(job, 'ERR_LOGIN_QUEUE_FULL');

  return { submit, cancel, load, answering, warm: start, changeSigningKey, stop };
}
