import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { createFairLine, type FairLine } from '#src/privsep/fair-line.js';

interface Login {
  readonly name: string;
  readonly source: string;
  readonly turn: string;
}

const login = (source: string, turn: string): Login => ({ name: `${turn}@${source}`, source, turn });

/** A line with so many logins of one source: of names of their own, or all of one. */
function flooded(source: string, count: number, turn?: string): FairLine<Login> {
  const line = createFairLine<Login>();
  flood(line, source, count, turn);
  return line;
}

function flood(line: FairLine<Login>, source: string, count: number, turn?: string): void {
  for (let n = 0; n < count; n += 1) line.add(login(source, turn ?? `${source}-${n}`));
}

/** Workers that all take the same time: the names in the order they are served, one batch after the other. */
function serve(line: FairLine<Login>, workers: number, batches: number): string[][] {
  const served: string[][] = [];
  while (served.length < batches) {
    const batch = takeAll(line, workers);
    if (batch.length === 0) return served;
    for (const job of batch) line.done(job);
    served.push(batch.map(({ name }) => name));
  }
  return served;
}

function takeAll(line: FairLine<Login>, workers: number): Login[] {
  const taken: Login[] = [];
  while (taken.length < workers) {
    const job = line.take();
    if (job === undefined) break;
    taken.push(job);
  }
  return taken;
}

const take = (line: FairLine<Login>) => line.take() ?? assert.fail('nothing may run');
const from = (jobs: readonly Login[], source: string) => jobs.filter((job) => job.source === source).length;

describe('sources in line', () => {
  it('with a thousand waiting delay another by the transaction that runs', () => {
    const line = flooded('flood', 1000);
    const running = take(line);
    line.add(login('alone', 'alice'));
    line.done(running);
    assert.equal(take(line).name, 'alice@alone');
  });

  it('are served in turn, each in the order it came', () => {
    const line = flooded('a', 4);
    flood(line, 'b', 2);
    line.add(login('c', 'carol'));
    assert.deepEqual(serve(line, 1, 9).flat(), ['a-0@a', 'b-0@b', 'carol@c', 'a-1@a', 'b-1@b', 'a-2@a', 'a-3@a']);
  });

  it('that come anew wait for one login of each other, however many these have waiting', () => {
    const line = createFairLine<Login>();
    for (let n = 0; n < 20; n += 1) flood(line, `flood-${n}`, 50);
    serve(line, 1, 100);
    line.add(login('alone', 'alice'));
    assert.ok(serve(line, 1, 21).flat().includes('alice@alone'));
  });

  it('have all workers while they are alone, and half while another waits', () => {
    const line = flooded('a', 100);
    const running = takeAll(line, 8);
    assert.equal(from(running, 'a'), 8);
    flood(line, 'b', 100);
    for (let n = 0; n < 4; n += 1) {
      line.done(running.shift() as Login);
      running.push(take(line));
    }
    assert.deepEqual([from(running, 'a'), from(running, 'b')], [4, 4], 'what runs is left to end');
    for (let n = 0; n < 40; n += 1) {
      line.done(running.splice(n % 8, 1)[0] as Login);
      running.push(take(line));
      assert.ok(from(running, 'a') <= 4 && from(running, 'b') <= 4, 'whichever of them ends');
    }
  });

  it('are given no more than half while another waits, though theirs are the longer', () => {
    const line = flooded('slow', 100);
    flood(line, 'quick', 100);
    const running = takeAll(line, 5);
    for (let n = 0; n < 50; n += 1) {
      const ended = running.findIndex(({ source }) => source === 'quick');
      line.done(running.splice(ended, 1)[0] as Login);
      running.push(take(line));
    }
    assert.ok(from(running, 'slow') <= 3);
  });

  it('leave no worker idle that another could use', () => {
    const line = flooded('a', 100);
    line.add(login('b', 'bob'));
    line.add(login('b', 'bob'));
    assert.deepEqual([from(takeAll(line, 8), 'a'), line.waiting()], [7, 94]);
  });

  it('are one together where there are none', () => {
    const line = createFairLine<{ readonly name: number; readonly source?: string }>();
    for (const name of [1, 2, 3]) line.add({ name });
    assert.deepEqual(
      [line.take(), line.take(), line.take(), line.take()].map((job) => job?.name),
      [1, 2, 3, undefined],
    );
  });
});

describe('users in line', () => {
  it('have one login running, and others pass those that wait', () => {
    const line = flooded('a', 3, 'alice');
    line.add(login('a', 'bob'));
    assert.equal(line.runnable(9), 2);
    const first = take(line);
    assert.equal(take(line).turn, 'bob');
    assert.equal(line.runnable(9), 0);
    assert.equal(line.take(), undefined);
    line.done(first);
    assert.equal(take(line).turn, 'alice');
  });

  it('whose name a source floods wait for one login of it', () => {
    const line = flooded('flood', 1000, 'alice');
    const running = take(line);
    line.add(login('owner', 'alice'));
    line.done(running);
    assert.equal(take(line).name, 'alice@owner');
  });

  for (const workers of [1, 2, 8]) {
    it(`whose name twenty sources flood wait for one login of each, with ${workers} workers`, () => {
      const line = createFairLine<Login>();
      for (let n = 0; n < 20; n += 1) flood(line, `flood-${n}`, 50, 'alice');
      serve(line, workers, 30);
      const running = take(line);
      line.add(login('owner', 'alice'));
      line.done(running);
      assert.ok(serve(line, workers, 20).flat().includes('alice@owner'));
    });
  }

  it('are served though their source is busy with others, and who floods the name with nothing else', () => {
    const line = flooded('flood', 1000, 'alice');
    const running = take(line);
    line.add(login('office', 'alice'));
    flood(line, 'office', 1000);
    // From now on the office has more running than the source that floods.
    assert.equal(from(takeAll(line, 3), 'office'), 3);
    line.done(running);
    assert.equal(take(line).name, 'alice@office');
  });

  it('are not held up by a source whose own logins are before its login of that name', () => {
    const line = flooded('flood', 1000);
    line.add(login('flood', 'alice'));
    const running = take(line);
    line.add(login('owner', 'alice'));
    line.done(running);
    assert.equal(take(line).name, 'alice@owner');
  });

  it('of one source take turns: who floods a name delays the others behind the same address by one login', () => {
    const line = flooded('office', 1000, 'alice');
    line.add(login('office', 'bob'));
    assert.deepEqual(serve(line, 1, 2).flat(), ['alice@office', 'bob@office']);
  });
});

describe('the line', () => {
  it('forgets what is removed: another is served as if it had never been there', () => {
    const line = createFairLine<Login>();
    const jobs = ['a', 'b', 'c'].map((source) => login(source, 'alice'));
    for (const job of jobs) line.add(job);
    const [first, second, third] = jobs as [Login, Login, Login];
    assert.equal(take(line), first);
    assert.equal(line.take(), undefined, 'b and c ask in vain');
    assert.equal(line.remove(second), true);
    assert.equal(line.remove(second), false);
    assert.equal(line.remove(first), false, 'it runs');
    line.done(first);
    assert.equal(take(line), third);
    line.done(third);
    assert.deepEqual([line.waiting(), line.running(), line.jobs()], [0, 0, []]);
  });

  it('whatever comes, goes and ends: runs what may run, and never two of a user', () => {
    const event = fc.oneof(
      fc.record({ source: fc.nat(5), turn: fc.nat(7) }),
      fc.record({ end: fc.nat(99) }),
      fc.record({ remove: fc.nat(99) }),
      fc.constant('take' as const),
    );
    fc.assert(
      fc.property(fc.array(event, { maxLength: 120 }), (events) => {
        const line = createFairLine<Login>();
        const waiting = new Set<Login>();
        const running: Login[] = [];
        for (const what of events) {
          if (what === 'take') checkTake(line, waiting, running);
          else if ('source' in what) {
            const job = login(`${what.source}`, `${what.turn}`);
            waiting.add(job);
            line.add(job);
          } else if ('end' in what)
            for (const job of running.splice(what.end % (running.length + 1), 1)) line.done(job);
          else {
            const job = [...waiting][what.remove % Math.max(1, waiting.size)];
            if (job !== undefined) assert.equal(line.remove(job), waiting.delete(job));
          }
          assert.equal(line.waiting(), waiting.size);
          assert.equal(line.running(), running.length);
          assert.deepEqual(new Set(line.jobs()), waiting);
        }
      }),
      { numRuns: 2_000 },
    );
  });
});

function checkTake(line: FairLine<Login>, waiting: Set<Login>, running: Login[]): void {
  const busy = new Set(running.map(({ turn }) => turn));
  const free = new Set([...waiting].filter(({ turn }) => !busy.has(turn)).map(({ turn }) => turn));
  assert.equal(line.runnable(99), free.size);
  const job = line.take();
  assert.equal(job !== undefined, free.size > 0);
  if (job === undefined) return;
  assert.ok(waiting.delete(job));
  assert.ok(!busy.has(job.turn));
  running.push(job);
}
