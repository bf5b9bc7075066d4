/** What a client command is run with; `process` and the environment in life, a test's own in tests. */

export type Environment = Readonly<Record<string, string | undefined>>;

export interface ClientIo {
  /** How it was called, for messages and help: `pamhook`, or `kubectl pamhook`. */
  readonly program: string;
  readonly environment: Environment;
  readonly stdin: AsyncIterable<string | Uint8Array>;
  /** What a program reads: a token, an ExecCredential. Nothing else may go there. */
  readonly stdout: { write(text: string): unknown };
  /** What a person reads. */
  readonly stderr: { write(text: string): unknown };
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

/** A copy of the environment: the only place of the client commands that touches process.env. */
export function readEnvironment(): Environment {
  return Object.freeze({ ...process.env });
}
