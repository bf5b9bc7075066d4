/** What keeps a client command from its token, each with what the person can do; faults in flags and settings are ConfigurationError. */

/** `cure` says what to do, in one sentence without a full stop. */
export class LoginFailure extends Error {
  readonly cure: string | undefined;

  constructor(message: string, cure?: string, options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
    this.cure = cure;
  }
}

/** The person pressed Ctrl-C, or a signal came: there is nothing to say. */
export class Interrupted extends Error {
  readonly exitCode: number;

  constructor(exitCode: number) {
    super('interrupted');
    this.exitCode = exitCode;
  }
}
