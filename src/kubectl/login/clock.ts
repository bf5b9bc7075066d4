/** A clock that is off here, told from what the server says: kubectl and this cache go by it. */
import { LoginFailure } from '../failure.js';
import type { ClientIo } from '../io.js';
import type { Outcome } from './server.js';

/** Milliseconds. Less does no harm. */
const NOTABLE = 60_000;

/** Throws LoginFailure where the token has ended by the clock of this machine. */
export function noteClock(
  { expirationTimestamp, serverTime }: Extract<Outcome, { outcome: 'issued' }>,
  { now, program, stderr }: ClientIo,
): void {
  const here = now();
  const off = serverTime === undefined ? 0 : here - serverTime;
  const how = `this machine's clock is ${Math.round(Math.abs(off) / 1000)} s ${off > 0 ? 'ahead of' : 'behind'} pamhook's`;
  if (Date.parse(expirationTimestamp) <= here) {
    throw new LoginFailure(
      'the token had ended when it came',
      `${Math.abs(off) > NOTABLE ? how : "this machine's clock, or pamhook's, is wrong"}: set it, best by NTP`,
    );
  }
  if (Math.abs(off) > NOTABLE)
    stderr.write(`${program}: note: ${how}; set it, or tokens end early or late for kubectl\n`);
}
