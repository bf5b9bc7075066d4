/** keys.json: what is written is read again, and anything else is a fault in one line. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { type KeyRecord, RECORD, readRecord, writeRecord } from '#src/cli/keys/key-record.js';
import { ConfigurationError } from '#src/errors.js';
import { anyText } from '../../harness/any-text.js';
import { edited } from '../../harness/edited.js';
import { fc } from '../../harness/property.js';
import { scratchDirectory } from '../../harness/scratch.js';

const dir = scratchDirectory({ after });
const kid = fc.oneof(fc.constantFrom('__proto__', 'toString', 'a'), anyText({ maxLength: 12 }));
const time = fc.date({ noInvalidDate: true }).map((date) => date.getTime());
const times = fc.record(
  { publishedAt: time, signsSince: time, retiredAt: time },
  { requiredKeys: [], noNullPrototype: true },
);
const record = fc.array(fc.tuple(kid, times), { maxLength: 20 }).map((entries): KeyRecord => new Map(entries));

describe('readRecord()', () => {
  it('gives what writeRecord() was given, whatever the keys are called', async () => {
    await fc.assert(
      fc.asyncProperty(record, async (given) => {
        await writeRecord(dir, given);
        assert.deepEqual(new Map(await readRecord(dir)), new Map(given));
      }),
    );
  });

  it('gives times of keys, or says that the file is damaged', async () => {
    const written = record.map((given) => {
      const keys = [...given].map(([name, all]) => [
        name,
        Object.fromEntries(Object.entries(all).map(([kind, at]) => [kind, new Date(at ?? 0).toISOString()])),
      ]);
      return JSON.stringify({ keys: Object.fromEntries(keys) });
    });
    const text = fc.oneof(
      edited(written),
      fc.json(),
      fc.jsonValue().map((keys) => JSON.stringify({ keys })),
    );
    await fc.assert(
      fc.asyncProperty(text, async (contents) => {
        writeFileSync(join(dir, RECORD), contents);
        try {
          for (const [name, all] of (await readRecord(dir)) ?? []) {
            assert.equal(typeof name, 'string');
            assert.ok(Object.values(all).every((at) => Number.isInteger(at)));
          }
        } catch (fault) {
          assert.ok(fault instanceof ConfigurationError, String(fault));
          assert.match(fault.message, /keys\.json is damaged$/);
        }
      }),
      { numRuns: 200 },
    );
  });
});
