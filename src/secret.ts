/** A secret that no log, error, JSON or inspection can print; used by every process. */
import { inspect } from 'node:util';

const REDACTED = '[redacted]';

/**
 * Bytes that must not be shown. Everything that turns values into text gets `[redacted]`; the bytes are reached only
 * through `bytes()`, and `wipe()` overwrites them. The caller chooses the buffer, so that it can be locked memory.
 */
export class Secret {
  readonly #bytes: Buffer;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  static fromString(text: string): Secret {
    return new Secret(Buffer.from(text, 'utf8'));
  }

  /** The bytes themselves, not a copy: valid until `wipe()`. */
  bytes(): Buffer {
    return this.#bytes;
  }

  wipe(): void {
    this.#bytes.fill(0);
  }

  toString(): string {
    return REDACTED;
  }

  toJSON(): string {
    return REDACTED;
  }

  [inspect.custom](): string {
    return REDACTED;
  }
}
