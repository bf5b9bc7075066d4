/** What Redis runs to count attempts to log in, in Lua: the rule of token/login-limits.ts over again. Used by the process that speaks to Redis. */
import { createHash } from 'node:crypto';
import type { LimitRule } from '../token/login-limits.js';

export interface Script {
  readonly source: string;
  /** By which Redis knows it. */
  readonly sha1: string;
}

/** Milliseconds. */
export const HOUR = 3_600_000;

/** Redis' own clock, in milliseconds: those of the replicas may differ. */
const TIME = `local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)`;

/**
 * An attempt is a member of two sorted sets, by time: that of the account from the source, KEYS[1], and that of the source, KEYS[2].
 * A clock that was set back, or another server's, must not lock anybody out: what lies in the future is taken to be now.
 */
const STANDING = `local hour = ${HOUR}
local function wait(key, free, most, longest)
  redis.call('ZREMRANGEBYSCORE', key, '-inf', now - hour)
  for _, attempt in ipairs(redis.call('ZRANGEBYSCORE', key, '(' .. now, '+inf')) do
    redis.call('ZADD', key, now, attempt)
  end
  local count = redis.call('ZCARD', key)
  local function at(index)
    return tonumber(redis.call('ZRANGE', key, index, index, 'WITHSCORES')[2])
  end
  local rest = 0
  if count >= most then
    rest = at(count - most) + hour - now
  end
  if count > 0 and count >= free then
    rest = math.max(rest, at(-1) + math.min(1000 * 2 ^ (count - free), longest) - now)
  end
  return rest
end`;

/** Counts the attempt and returns 0, or returns the milliseconds to wait. ARGV: the attempt, then rulePart(). */
export const take = scriptOf(takeSource(TIME));

/** `clock`: Lua that sets `now`; another one only in tests. */
export function takeSource(clock: string): string {
  return `${clock}
${STANDING}
local function number(index)
  return tonumber(ARGV[index])
end
local rest = math.max(
  wait(KEYS[1], number(2), number(3), number(6)),
  wait(KEYS[2], number(4), number(5), number(6)))
if rest > 0 then
  return rest
end
for _, key in ipairs(KEYS) do
  redis.call('ZADD', key, now, ARGV[1])
  redis.call('PEXPIRE', key, hour)
end
return 0`;
}

/** Gives an attempt back. ARGV: the attempt, and `succeeded` where the account is cleared too; the source keeps the others. */
export const settle = scriptOf(`if ARGV[2] == 'succeeded' then
  redis.call('DEL', KEYS[1])
else
  redis.call('ZREM', KEYS[1], ARGV[1])
end
redis.call('ZREM', KEYS[2], ARGV[1])
return 0`);

/** Whether Redis would let the others run, and has room to write: a key of its own that lasts a minute. */
export const probe = scriptOf(`${TIME}
redis.call('ZADD', KEYS[1], now, 'probe')
redis.call('PEXPIRE', KEYS[1], 60000)
return 0`);

export function rulePart(rule: LimitRule): string[] {
  const { freeFailures, failuresPerHour, sourceFreeFailures, sourceFailuresPerHour, maxWait } = rule;
  return [freeFailures, failuresPerHour, sourceFreeFailures, sourceFailuresPerHour, maxWait].map(String);
}

function scriptOf(source: string): Script {
  return { source, sha1: createHash('sha1').update(source).digest('hex') };
}
