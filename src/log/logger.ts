/** The operator's log as all code sees it; lines go to standard error, one a call. */

/** Values are printed as text or JSON with control characters escaped; Secrets print as `[redacted]`. */
export type LogFields = Readonly<Record<string, unknown>>;

/** The processes of the daemon, as log and audit log name them. */
export type ProcessName = 'supervisor' | 'front' | 'worker' | 'limits-store' | 'metrics';

export interface Logger {
  error(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  /** Shown with `-v LEVEL` and above. */
  verbose(level: number, message: string, fields?: LogFields): void;
  /** Whether it would be; absent: that cannot be told. */
  shows?(level: number): boolean;
}
