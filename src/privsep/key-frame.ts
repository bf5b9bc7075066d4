/** Keys between the form the key modules make and the form that travels, in which they cannot be printed. Used by all processes. */
import type { SigningMaterial } from '../keys/key-material.js';
import { Secret } from '../secret.js';
import type { KeyFrame } from './protocol.js';

export function keyFrameOf({ algorithm, kid, key }: SigningMaterial): KeyFrame {
  return { algorithm, kid, key: Secret.fromString(key) };
}

export function materialOf({ algorithm, kid, key }: KeyFrame): SigningMaterial {
  return { algorithm, kid, key: key.bytes().toString('utf8') };
}
