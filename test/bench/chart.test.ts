import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { apart, barChart, escapeXml, logPlot, powersAround } from '#bench/chart.js';

/** Each tag that is opened is closed: what the browser would otherwise not show at all. */
function assertWellFormed(svg: string): void {
  const open: string[] = [];
  for (const [, slash, name = '', , empty] of svg.matchAll(/<(\/?)([a-z]+)((?:\s+[\w:-]+="[^"<]*")*)\s*(\/?)>/gi)) {
    if (slash) assert.equal(open.pop(), name);
    else if (!empty) open.push(name);
  }
  assert.deepEqual(open, []);
  assert.equal(svg.replace(/<\/?[a-z]+(?:\s+[\w:-]+="[^"<]*")*\s*\/?>/gi, '').match(/[<>]/), null);
}

describe('escapeXml()', () => {
  it('leaves nothing that could be taken for markup', () => {
    assert.equal(escapeXml('a<b>&"c"'), 'a&lt;b&gt;&amp;&quot;c&quot;');
  });
});

describe('barChart()', () => {
  it('is well formed whatever a label says, and tells what is within its limit', () => {
    const svg = barChart('"<title>"', [
      { label: '<script>', value: 1, limit: 1.5 },
      { label: 'b & c', value: 2, limit: 1.5 },
    ]);
    assertWellFormed(svg);
    assert.ok(!svg.includes('<script>'));
    assert.equal(svg.match(/class="met"/g)?.length, 1);
    assert.equal(svg.match(/class="unmet"/g)?.length, 1);
  });

  it('draws bars as long as their values', () => {
    const svg = barChart('t', [
      { label: 'a', value: 1, limit: 4 },
      { label: 'b', value: 2, limit: 4 },
    ]);
    const [first = 0, second = 0] = [...svg.matchAll(/class="met" x="\d+" y="\d+" width="([\d.]+)"/g)].map(
      ([, width]) => Number(width),
    );
    assert.ok(Math.abs(second / first - 2) < 0.01);
  });
});

describe('logPlot()', () => {
  it('puts powers of ten at equal distances', () => {
    const points = [10, 100, 1000].map((x) => [x, x] as const);
    const svg = logPlot('t', { x: 'x', y: 'y' }, [{ label: 'a', points }]);
    assertWellFormed(svg);
    const xs = [...svg.matchAll(/<circle class="line0" cx="([\d.]+)"/g)].map(([, x]) => Number(x));
    assert.deepEqual(xs, [80, 330, 580]);
  });

  it('keeps labels apart that would lie on each other, each with its line', () => {
    assert.deepEqual(apart([100, 98, 300]), [114, 98, 300]);
    assert.deepEqual(apart([]), []);
  });

  it('has axes that hold all values', () => {
    assert.deepEqual(powersAround([3, 4500]), [0, 1, 2, 3, 4]);
    assert.deepEqual(powersAround([10]), [1, 2]);
    assert.deepEqual(powersAround([0.5, 2]), [-1, 0, 1]);
  });
});
