/** Checks of what is about to enter the addon, where C strings end at a NUL and ids are 32 bit; in every process. */
import { toUSVString } from 'node:util';

/** PAM_MAX_RESP_SIZE without its NUL: the longest name or response that PAM's modules take whole. */
export const MAX_TEXT_BYTES = 511;

/** Responses of one login: more than any stack of modules asks for. */
export const MAX_RESPONSES = 64;

/** The largest id but one: 4294967295 is -1 to C and means "leave as it is". */
const MAX_ID = 4294967294;

/** Whether a C function would see this text, and all of it: UTF-8 without NUL, of 1 to `maxBytes` bytes. */
export function isPlainText(text: string, maxBytes = MAX_TEXT_BYTES): boolean {
  return text.length > 0 && toUSVString(text) === text && !text.includes('\0') && Buffer.byteLength(text) <= maxBytes;
}

export function checkText(name: string, value: unknown, maxBytes = MAX_TEXT_BYTES): void {
  if (typeof value === 'string' && isPlainText(value, maxBytes)) return;
  throw new TypeError(`${name} must be 1 to ${maxBytes} bytes of well-formed text without NUL`);
}

export function checkInteger(name: string, value: unknown, min: number, max: number): void {
  if (typeof value === 'number' && Number.isInteger(value) && value >= min && value <= max) return;
  throw new TypeError(`${name} must be an integer from ${min} to ${max}`);
}

export function checkId(name: string, value: unknown, min = 0): void {
  checkInteger(name, value, min, MAX_ID);
}

export function checkBuffer(name: string, value: unknown): void {
  if (!Buffer.isBuffer(value)) throw new TypeError(`${name} must be a Buffer`);
}

/** A password as it goes to PAM: may be empty here; what an empty one means is not the addon's to say. */
export function checkResponse(name: string, value: unknown): void {
  if (Buffer.isBuffer(value) && value.length <= MAX_TEXT_BYTES && !value.includes(0)) return;
  throw new TypeError(`${name} must be a Buffer of at most ${MAX_TEXT_BYTES} bytes without NUL`);
}
