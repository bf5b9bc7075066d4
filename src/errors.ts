/** Every error pamhook raises on purpose, with its stable code: one table, read by all processes and by the docs. */

/** Stable error codes; `http` is the status a client gets when the error ends its request. */
export const errorCodes = {
  ERR_CONFIGURATION: { http: 500, meaning: 'an option, a file or the environment is not as it must be' },
  ERR_PAM_UNAVAILABLE: {
    http: 503,
    meaning: 'PAM or one of its modules could not tell whether the password is right, or the account allowed',
  },
  ERR_LOGIN_OVERRUN: { http: 503, meaning: 'the PAM transaction took longer than pam-timeout' },
  ERR_LOGIN_WORKER_DIED: { http: 503, meaning: 'the PAM worker ended in the middle of the login or account check' },
  ERR_LOGIN_QUEUE_FULL: { http: 503, meaning: 'too many logins, or account checks, wait already' },
  ERR_LOGIN_UNAVAILABLE: { http: 503, meaning: 'no PAM worker can be reached, or the daemon is stopping' },
  ERR_AUDIT_FAILED: { http: 503, meaning: 'the audit line for an issued token could not be written in full' },
  ERR_NSS_FAILED: { http: 503, meaning: 'the user and group database could not be asked' },
  ERR_NSS_TIMEOUT: { http: 503, meaning: 'the user and group database did not answer within identity-timeout' },
  ERR_KEY_UNAVAILABLE: { http: 503, meaning: 'a key could not be used' },
  ERR_PROTOCOL: { http: 500, meaning: 'a process sent another a frame that breaks their protocol' },
  ERR_PRIVILEGE: { http: 500, meaning: 'a process could not give up, or still had, a privilege' },
  ERR_INTERNAL: { http: 500, meaning: 'a fault in pamhook itself; the log has more' },
} as const satisfies Record<string, { http: number; meaning: string }>;

export type ErrorCode = keyof typeof errorCodes;

/** The base of all errors raised on purpose: a stable `code`, the first fault kept as `cause`. */
export class PamhookError extends Error {
  readonly code: ErrorCode;

  constructor(code: ErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
    this.code = code;
  }
}

/** Neither yes nor no: the question could not be answered now. Never to be taken for a refusal. */
export class UnavailableError extends PamhookError {}

/** A fault in options, files or environment that the operator mends; `cure` says how, in one sentence. */
export class ConfigurationError extends PamhookError {
  readonly cure: string | undefined;

  constructor(message: string, cure?: string, options?: ErrorOptions) {
    super('ERR_CONFIGURATION', message, options);
    this.cure = cure;
  }
}
