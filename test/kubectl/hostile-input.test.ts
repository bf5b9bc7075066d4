/** Whatever a server, a file or the environment holds: an outcome or one clear line, and nothing that a terminal obeys. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ConfigurationError } from '#src/errors.js';
import { parseEntry } from '#src/kubectl/cache/entry.js';
import { parseExecInfo } from '#src/kubectl/exec-info.js';
import { LoginFailure } from '#src/kubectl/failure.js';
import { isExempt, proxyFor } from '#src/kubectl/login/proxy.js';
import { outcomeOf } from '#src/kubectl/login/server.js';
import { printable } from '#src/kubectl/printable.js';
import { anyString, anyText } from '../harness/any-text.js';
import { fc } from '../harness/property.js';

const HARMLESS = /^[^\p{C}\p{Zl}\p{Zp}]*$/u;
const settings = { server: new URL('https://pamhook.example.org/') };

/** Near to what pamhook answers. */
const body = fc.record(
  {
    token: fc.oneof(fc.constant('a.b.c'), fc.jsonValue()),
    expirationTimestamp: fc.oneof(fc.constant('2030-01-01T00:00:00Z'), fc.jsonValue()),
    username: fc.oneof(anyText(), fc.jsonValue()),
    messages: fc.oneof(fc.array(anyText()), fc.jsonValue()),
    error: fc.oneof(anyText(), fc.jsonValue()),
    reason: fc.oneof(anyText(), fc.jsonValue()),
    help: fc.oneof(anyText(), fc.jsonValue()),
    prompts: fc.oneof(fc.array(fc.record({ text: anyText(), echo: fc.jsonValue() })), fc.jsonValue()),
  },
  { requiredKeys: [] },
);
const text = fc.oneof(
  body.map((value) => JSON.stringify(value)),
  fc.json(),
  anyText(),
);
const status = fc.oneof(fc.constantFrom(200, 400, 401, 429, 500, 503), fc.integer({ min: 100, max: 999 }));
const headers = fc.record(
  { date: anyText(), 'retry-after': anyText(), 'x-request-id': anyText() },
  { requiredKeys: [] },
);

describe('outcomeOf()', () => {
  it('makes of any answer an outcome with what it must have, or a fault of one harmless line', () => {
    fc.assert(
      fc.property(status, headers, text, (code, head, content) => {
        try {
          const outcome = outcomeOf({ status: code, headers: head, body: content }, settings);
          if (outcome.outcome === 'issued') {
            assert.match(outcome.token, /^[\w.-]+$/);
            assert.ok(!Number.isNaN(Date.parse(outcome.expirationTimestamp)));
            assert.ok(outcome.messages.length <= 64);
          } else if (outcome.outcome === 'throttled') assert.ok(outcome.retryAfter >= 1);
          else if (outcome.outcome === 'prompted') assert.ok(outcome.prompts.length <= 32);
          else if (outcome.outcome === 'refused') assert.match(`${outcome.reason}${outcome.help}`, HARMLESS);
        } catch (error) {
          assert.ok(error instanceof LoginFailure, String(error));
          assert.match(printable(`${error.message}${error.cure}`), HARMLESS);
        }
      }),
    );
  });
});

describe('printable()', () => {
  it('makes one harmless line of bounded length of anything', () => {
    fc.assert(
      fc.property(anyString({ maxLength: 2000 }), (any) => {
        const line = printable(any);
        assert.match(line, HARMLESS);
        assert.ok(line.length <= 1025);
      }),
    );
  });
});

describe('parseEntry() and parseExecInfo()', () => {
  it('take what is whole, and else say so in the one way each has', () => {
    fc.assert(
      fc.property(fc.oneof(fc.json(), anyText()), (any) => {
        assert.equal(parseEntry(any, 'https://pamhook.example.org/'), undefined);
        try {
          parseExecInfo(any);
        } catch (error) {
          assert.ok(error instanceof ConfigurationError, String(error));
        }
      }),
    );
  });
});

describe('proxyFor()', () => {
  it('gives a proxy of http or https, none, or says what is wrong, whatever the variables hold', () => {
    fc.assert(
      fc.property(anyText(), anyText(), (HTTPS_PROXY, NO_PROXY) => {
        isExempt(settings.server, NO_PROXY);
        try {
          const proxy = proxyFor(settings.server, undefined, { HTTPS_PROXY, NO_PROXY });
          assert.match(proxy?.protocol ?? 'http:', /^https?:$/);
        } catch (error) {
          assert.ok(error instanceof ConfigurationError, String(error));
        }
      }),
    );
  });
});
