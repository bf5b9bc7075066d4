import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createLoginPlaces } from '#src/privsep/login-places.js';

/** As many logins as given from each source, in this order, with ids from 1. */
function setUp(limit: number, counts: Readonly<Record<string, number>>) {
  const places = createLoginPlaces(limit);
  let id = 0;
  const takeMore = (source: string) => places.take(++id, source);
  for (const [source, count] of Object.entries(counts)) for (let n = 0; n < count; n += 1) takeMore(source);
  return { places, takeMore };
}

describe('the places of logins', () => {
  it('are for whoever comes, while there are some', () => {
    const { takeMore } = setUp(5, { a: 4 });
    assert.equal(takeMore('a'), undefined);
  });

  it('are not for one more of the source that has them all', () => {
    const { takeMore } = setUp(4, { a: 4 });
    assert.equal(takeMore('a'), 5);
  });

  it('are given up by the source that has the most, its newest first', () => {
    const { takeMore } = setUp(6, { a: 2, b: 4 });
    assert.deepEqual(
      ['c', 'c', 'c', 'a'].map((source) => takeMore(source)),
      [6, 5, 9, 10],
      'until none has more than the one that comes',
    );
  });

  it('are not for a further source when each has one', () => {
    const { takeMore } = setUp(3, { a: 1, b: 1, c: 1 });
    assert.equal(takeMore('d'), 4);
  });

  it('are free again when a login has left, and once only', () => {
    const { places, takeMore } = setUp(2, { a: 2 });
    places.leave(1);
    places.leave(1);
    assert.equal(takeMore('a'), undefined);
    assert.equal(takeMore('a'), 4);
  });

  it('go by what a source has now, not by what it had', () => {
    const { places, takeMore } = setUp(4, { a: 3, b: 1 });
    for (const id of [1, 2, 3]) places.leave(id);
    for (const source of ['b', 'b', 'b']) takeMore(source);
    assert.equal(takeMore('a'), 7);
  });
});
