/** Tells the front twice a second whether PAM workers answer and whether the daemon stops, for /readyz; runs in the supervisor. */
import type { HealthFrame } from './protocol.js';

const INTERVAL = 500;

export interface HealthTellerOptions {
  readonly workersAnswer: () => boolean;
  readonly tell: (frame: HealthFrame) => void;
}

export interface HealthTeller {
  /** The daemon is about to stop: told at once. */
  stopping(): void;
  end(): void;
}

export function tellHealth({ workersAnswer, tell }: HealthTellerOptions): HealthTeller {
  let stopping = false;
  const now = () => tell({ kind: 'health', workers: workersAnswer(), stopping });
  const timer = setInterval(now, INTERVAL);
  timer.unref();
  return {
    stopping() {
      stopping = true;
      now();
    },
    end: () => clearInterval(timer),
  };
}
