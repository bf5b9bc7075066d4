/** A captured front: whatever it sends to the real supervisor, it is the front that dies, and all the others live. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { auditLines, type Daemon, setScene, startDaemon, until } from './daemon-harness.js';
import { type Play, standIn, startedIn } from './stand-in.js';

interface Attack {
  readonly play: Play;
  /** What the log says killed it. */
  readonly fault: RegExp;
}

const bytes: Record<string, Attack> = {
  'what is no frame': {
    play: ({ write }) => write('GET / HTTP/1.1\r\n\r\n'),
    fault: /a frame is too long/,
  },
  'a frame of 4 GiB': {
    play: ({ write }) => write(new Uint8Array(64).fill(0xff)),
    fault: /a frame is too long/,
  },
  zeros: {
    play: ({ write }) => write(new Uint8Array(1024 * 1024)),
    fault: /a frame is no JSON/,
  },
  'JSON without an end': {
    play: ({ write, framed }) => write(framed('['.repeat(65_536))),
    fault: /a frame is no JSON/,
  },
  'JSON of 32,768 levels': {
    play: ({ write, framed }) => write(framed('['.repeat(32_768) + ']'.repeat(32_768))),
    fault: /frame is not of a known kind/,
  },
};

const frames: Record<string, Attack> = {
  'the result of a login, as a worker has it': {
    play: ({ send }) => send({ kind: 'issue-result', id: 1, outcome: 'refused', messages: [] }),
    fault: /frame is not of a known kind/,
  },
  'ready again': {
    play: ({ send }) => send({ kind: 'ready' }),
    fault: /ready came twice/,
  },
  'a pong without a ping': {
    // It may have been sent one meanwhile.
    play: ({ sendForEver }) => sendForEver(() => [{ kind: 'pong' }]),
    fault: /a pong nobody asked for/,
  },
  'that keys are in use which it was not sent': {
    play: ({ send }) => send({ kind: 'verification-keys-in-use', version: 1 }),
    fault: /keys nobody asked about/,
  },
  'counts for metrics, when none are served': {
    play: ({ send }) => {
      // As long a row as there can be: what is too much is that it comes at all.
      for (let length = 1; length < 400; length += 1) send({ kind: 'counts', row: Array(length).fill(0) });
    },
    fault: /frame.row is not a list of|counts that nobody asked for/,
  },
  'an account check, without review-account-check': {
    play: ({ send }) => send({ kind: 'check-account', id: 1, username: 'alice' }),
    fault: /more than 0 jobs at once: check-account/,
  },
};

const logins: Record<string, Attack> = {
  'one login twice': {
    play: ({ send, login }) => [login(1), login(1)].forEach(send),
    fault: /an id came twice/,
  },
  'a login again whose result it has': {
    play: async ({ send, login, next }) => {
      send(login(7));
      await next('login-result');
      send(login(7));
    },
    fault: /an id came twice/,
  },
  'more logins than it may have open': {
    play: ({ sendForEver, login }) => sendForEver((n) => [login(n)]),
    fault: /more than 21 jobs at once: issue/,
  },
  'a login too large for a worker': {
    // Numbers and base64 grow when they are written anew, as the supervisor does for the worker.
    play: ({ send, login }) => {
      const frame = { ...login(1), lifetime: 60, audience: [] as string[] };
      const room = () => 65_536 - JSON.stringify(frame).length;
      while (room() > 8195) frame.audience.push('a'.repeat(8192));
      frame.audience.push('a'.repeat(room() - 3));
      send(frame);
    },
    fault: /a login is too large/,
  },
  'cancellations without end': {
    play: ({ sendForEver }) => sendForEver((n) => [{ kind: 'cancel-login', id: n }]),
    fault: /more is cancelled than was asked for/,
  },
};

const floods: Record<string, Attack> = {
  'logins without end, reading none of the answers': {
    play: ({ sendForEver, login }) => sendForEver((id) => [login(id), { kind: 'cancel-login', id }]),
    fault: /more than 184 frames wait to be read/,
  },
  'counts of reviews without end': {
    play: ({ sendForEver }) => {
      const entry = { answer: 'refused', reason: 'expired', source: '127.0.0.9', count: 1 };
      return sendForEver(() => [{ kind: 'reviews', entries: Array(256).fill(entry) }]);
    },
    fault: /more counts of reviews than there can be/,
  },
};

const silences: Record<string, Attack> = {
  'half a frame, and nothing more': {
    play: ({ write, framed }) => write(framed('{"kind":"pong"}').subarray(0, 10)),
    fault: /a process answers no longer/,
  },
};

/** Why processes were killed, in order: the lines of the log that say so. */
function killings(daemon: Daemon): string[] {
  return daemon
    .stderr()
    .split('\n')
    .filter((line) => line.includes('is killed"'));
}

/** MiB of memory that a process has had at most. */
function peakMemory(pid: number): number {
  return Number(/^VmHWM:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024;
}

describe('a front that sends', { concurrency: true }, () => {
  for (const attacks of [bytes, frames, logins, floods, silences]) {
    it(`${Object.keys(attacks).join('; ')}: dies, and the rest lives`, async (t) => {
      const plays = Object.values(attacks).map(({ play }) => play);
      const scene = standIn(await setScene(t), 'front', plays);
      const daemon = await startDaemon(t, scene, ['-pam-workers', '1', '-login-queue', '20']);
      const before = peakMemory(daemon.pid);
      await until(() => daemon.children('worker').length === 1);
      const workers = daemon.children('worker');
      await until(() => startedIn(scene) === plays.length + 1);
      assert.equal((await daemon.login('alice', 'secret')).status, 200);
      const killed = killings(daemon);
      assert.equal(killed.length, plays.length, killed.join('\n'));
      for (const [index, { fault }] of Object.values(attacks).entries()) assert.match(killed[index] ?? '', fault);
      assert.deepEqual(daemon.children('worker'), workers);
      assert.ok(peakMemory(daemon.pid) - before < 100, 'the supervisor has needed 100 MiB more');
      assert.ok(auditLines(scene).length < 50_000);
    });
  }
});
