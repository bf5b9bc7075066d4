/** Whether the daemon can serve: what `/readyz` checks, from what the front knows itself and what the supervisor tells it; runs in the front. */
import type { Check, Readiness } from '../http/routes/health.js';
import { validityOf } from '../keys/certificate.js';
import type { Logger } from '../log/logger.js';
import type { HealthFrame } from './protocol.js';

/** What the supervisor told counts for so long, milliseconds: it tells twice a second. */
const TOLD_FOR = 5_000;

export interface ReadinessOptions {
  /** PEM, the server's own certificate first. */
  readonly cert: string;
  /** How many keys verify tokens. */
  readonly keys: number;
  /** Whether the user database answers. Never rejects. */
  readonly nss: () => Promise<boolean>;
  readonly log: Logger;
  /** Milliseconds of a steady clock. */
  readonly now: () => number;
  /** Milliseconds since the epoch. */
  readonly time: () => number;
}

export interface FrontReadiness {
  readonly readiness: Readiness;
  changeCertificate(cert: string): void;
  changeKeys(count: number): void;
  /** From the supervisor. */
  hear(frame: HealthFrame): void;
}

export function createReadiness({ nss, log, now, time, ...initial }: ReadinessOptions): FrontReadiness {
  let validity = validityOf(initial.cert);
  let keys = initial.keys;
  let heard: { readonly workers: boolean; readonly at: number } | undefined;
  let isStopping = false;
  const tell = createTeller(log);

  function workersAnswer(): boolean {
    return heard?.workers === true && now() - heard.at < TOLD_FOR;
  }

  return {
    async readiness() {
      const answers = await nss();
      const checks = [
        { name: 'keys', ok: keys > 0 },
        { name: 'certificate', ok: validity.from <= time() && time() <= validity.to },
        { name: 'pam-worker', ok: workersAnswer() },
        { name: 'nss', ok: answers },
        { name: 'shutdown', ok: !isStopping },
      ];
      tell(checks);
      return checks;
    },
    changeCertificate(cert) {
      validity = validityOf(cert);
    },
    changeKeys(count) {
      keys = count;
    },
    hear({ workers, stopping }) {
      heard = { workers, at: now() };
      isStopping ||= stopping;
    },
  };
}

/** Says what has changed, and nothing twice: whoever asks gets no reason, the log has more. */
function createTeller(log: Logger): (checks: readonly Check[]) => void {
  let said = '';
  return (checks) => {
    const failed = checks.filter(({ ok }) => !ok).map(({ name }) => name);
    if (failed.join() === said) return;
    said = failed.join();
    if (failed.length === 0) log.info('ready');
    else log.warn('not ready', { failed });
  };
}
