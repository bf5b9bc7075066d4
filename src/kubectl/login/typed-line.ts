/** What is typed at a prompt, byte by byte, with the keys that correct it. */
import { Secret } from '../../secret.js';
import { LoginFailure } from '../failure.js';

/** Bytes of UTF-8 that PAM takes. */
const LONGEST = 511;
const BACKSPACE = 0x08;
const KILL_LINE = 0x15;
const ERASE_WORD = 0x17;
const DELETE = 0x7f;

/** A line of UTF-8 as it is typed. */
export class Line {
  readonly #bytes = Buffer.alloc(LONGEST);
  readonly #show: (text: string) => void;
  #length = 0;

  constructor(show: (text: string) => void) {
    this.#show = show;
  }

  isEmpty(): boolean {
    return this.#length === 0;
  }

  take(key: number): void {
    if (key === KILL_LINE || key === ERASE_WORD) this.#length = 0;
    else if (key === BACKSPACE || key === DELETE) this.#erase();
    else this.#append(key);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not be shown.
    this.#show(this.#bytes.toString('utf8', 0, this.#length).replace(/[\x00-\x1f\x7f-\x9f]/g, '?'));
  }

  #append(key: number): void {
    if (this.#length === LONGEST) throw new LoginFailure(`what was entered is longer than ${LONGEST} bytes`);
    this.#bytes[this.#length++] = key;
  }

  /** The last character, of however many bytes. */
  #erase(): void {
    this.#length = Math.max(this.#length - 1, 0);
    while (this.#length > 0 && ((this.#bytes[this.#length] ?? 0) & 0xc0) === 0x80) this.#length--;
  }

  secret(): Secret {
    return new Secret(Buffer.from(this.#bytes.subarray(0, this.#length)));
  }

  wipe(): void {
    this.#bytes.fill(0);
  }
}
