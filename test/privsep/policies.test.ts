import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { UnavailableError } from '#src/errors.js';
import { warnOfMissingGroups } from '#src/privsep/policies.js';
import { collectingLogger, type LogLine } from '../http/front.js';

describe('warnOfMissingGroups()', () => {
  it('warns of each group that is not there', async () => {
    const lines: LogLine[] = [];
    const known: Record<string, number> = { wheel: 10 };
    const native = { lookupGroup: async (name: string) => known[name] };
    await warnOfMissingGroups(['wheel', 'weel', 'ops'], { native, log: collectingLogger(lines) });
    assert.deepEqual(
      lines.map(({ level, fields }) => [level, fields]),
      [
        ['warn', { group: 'weel' }],
        ['warn', { group: 'ops' }],
      ],
    );
  });

  it('makes a failing database no more than one warning', async () => {
    const lines: LogLine[] = [];
    const fault = new UnavailableError('ERR_NSS_FAILED', 'away');
    const lookupGroup = async () => {
      throw fault;
    };
    await warnOfMissingGroups(['a', 'b'], { native: { lookupGroup }, log: collectingLogger(lines) });
    assert.deepEqual(
      lines.map(({ level, fields }) => [level, fields]),
      [['warn', { fault }]],
    );
  });
});
