import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { keyFilePermissionFault, keyFilePermissionWarning } from '#src/keys/key-file-permission.js';

const REGULAR = 0o100000;

describe('keyFilePermissionFault()', () => {
  it('finds none in what only the owner, or the owner and readers of the group, can open', () => {
    for (const mode of [0o400, 0o600, 0o700, 0o440, 0o640]) {
      assert.equal(keyFilePermissionFault({ mode: REGULAR | mode }), undefined);
    }
  });

  it('finds one in whatever others can open, or the group can change', () => {
    for (const mode of [0o644, 0o444, 0o604, 0o602, 0o601]) {
      assert.match(keyFilePermissionFault({ mode: REGULAR | mode }) ?? '', /open to others \(mode 0\d{3}\)/);
    }
    assert.match(keyFilePermissionFault({ mode: REGULAR | 0o660 }) ?? '', /changed by its group \(mode 0660\)/);
  });
});

describe('keyFilePermissionWarning()', () => {
  it('speaks of readers in the group only', () => {
    assert.match(keyFilePermissionWarning({ mode: REGULAR | 0o440 }) ?? '', /read by its group/);
    assert.equal(keyFilePermissionWarning({ mode: REGULAR | 0o600 }), undefined);
  });
});
