/** Charts as SVG, of numbers alone: bars of ratios, and lines over powers of ten. */

export interface Bar {
  readonly label: string;
  readonly value: number;
  /** Where it must not go beyond. */
  readonly limit: number;
}

export interface Line {
  readonly label: string;
  readonly points: readonly (readonly [x: number, y: number])[];
}

const STYLE = `text{font:13px sans-serif;fill:#24292f}.title{font-weight:bold}.axis{stroke:#8c959f}.grid{stroke:#d8dee4}
.met{fill:#2da44e}.unmet{fill:#cf222e}.limit{stroke:#24292f;stroke-width:2}.back{fill:#fff}
.line0{stroke:#0969da;fill:#0969da}.line1{stroke:#bf3989;fill:#bf3989}.line2{stroke:#9a6700;fill:#9a6700}
polyline{fill:none !important;stroke-width:2}text.line0,text.line1,text.line2{stroke:none}`;

export function escapeXml(text: string): string {
  return text.replace(/[&<>"]/g, (each) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' })[each] ?? '');
}

function svg(width: number, height: number, title: string, content: readonly string[]): string {
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" role="img" aria-label="${escapeXml(title)}">`,
    `<style>${STYLE}</style>`,
    `<rect class="back" width="${width}" height="${height}"/>`,
    `<text class="title" x="12" y="22">${escapeXml(title)}</text>`,
    ...content,
    '</svg>',
    '',
  ].join('\n');
}

const BAR = { left: 330, width: 330, height: 20, gap: 10, top: 44 };

/** Ratios to a floor, one below the other, each with a mark at its limit. */
export function barChart(title: string, bars: readonly Bar[]): string {
  const most = Math.max(1, ...bars.flatMap(({ value, limit }) => [value, limit])) * 1.05;
  const x = (value: number) => round(BAR.left + (Math.min(value, most) / most) * BAR.width);
  const rows = bars.flatMap(({ label, value, limit }, index) => {
    const y = BAR.top + index * (BAR.height + BAR.gap);
    return [
      `<text x="${BAR.left - 8}" y="${y + 15}" text-anchor="end">${escapeXml(label)}</text>`,
      `<rect class="${value <= limit ? 'met' : 'unmet'}" x="${BAR.left}" y="${y}" width="${round(x(value) - BAR.left)}" height="${BAR.height}"/>`,
      `<line class="limit" x1="${x(limit)}" x2="${x(limit)}" y1="${y - 3}" y2="${y + BAR.height + 3}"/>`,
      `<text x="${BAR.left + BAR.width + 8}" y="${y + 15}">${value.toFixed(2)} (${limit})</text>`,
    ];
  });
  return svg(760, BAR.top + bars.length * (BAR.height + BAR.gap) + 10, title, rows);
}

const PLOT = { left: 80, top: 44, width: 500, height: 260 };

/** Both axes in powers of ten. */
export function logPlot(
  title: string,
  axes: { readonly x: string; readonly y: string },
  lines: readonly Line[],
): string {
  const points = lines.flatMap((line) => line.points);
  const [xs, ys] = [powersAround(points.map(([x]) => x)), powersAround(points.map(([, y]) => y))];
  const place = (value: number, powers: readonly number[], size: number) => {
    const [first = 0, last = 1] = [powers[0], powers.at(-1)];
    return ((Math.log10(value) - first) / Math.max(1, last - first)) * size;
  };
  const x = (value: number) => round(PLOT.left + place(value, xs, PLOT.width));
  const y = (value: number) => round(PLOT.top + PLOT.height - place(value, ys, PLOT.height));
  const labels = apart(lines.map((line) => y(line.points.at(-1)?.[1] ?? 1)));
  const content = [
    ...xs.flatMap((power) => gridLine(x(10 ** power), x(10 ** power), PLOT.top, PLOT.top + PLOT.height)),
    ...ys.flatMap((power) => gridLine(PLOT.left, PLOT.left + PLOT.width, y(10 ** power), y(10 ** power))),
    ...xs.map((power) => mark(x(10 ** power), PLOT.top + PLOT.height + 18, 'middle', 10 ** power)),
    ...ys.map((power) => mark(PLOT.left - 8, y(10 ** power) + 4, 'end', 10 ** power)),
    `<text x="${PLOT.left + PLOT.width / 2}" y="${PLOT.top + PLOT.height + 40}" text-anchor="middle">${escapeXml(axes.x)}</text>`,
    `<text x="${PLOT.left}" y="${PLOT.top - 6}">${escapeXml(axes.y)}</text>`,
    ...lines.flatMap((line, index) => drawn(line, `line${index % 3}`, labels[index] ?? 0, x, y)),
  ];
  return svg(820, PLOT.top + PLOT.height + 54, title, content);
}

function drawn(
  { label, points }: Line,
  style: string,
  labelAt: number,
  x: (value: number) => number,
  y: (value: number) => number,
): string[] {
  const at = points.map(([one, other]) => [x(one), y(other)] as const);
  return [
    `<polyline class="${style}" points="${at.map((point) => point.join(',')).join(' ')}"/>`,
    ...at.map(([one, other]) => `<circle class="${style}" cx="${one}" cy="${other}" r="3"/>`),
    `<text class="${style}" x="${(at.at(-1)?.[0] ?? 0) + 8}" y="${labelAt + 4}">${escapeXml(label)}</text>`,
  ];
}

const LINE_HEIGHT = 16;

/** Heights of labels, in their order, moved down where two would overlap. */
export function apart(heights: readonly number[]): number[] {
  const moved = [...heights];
  const order = heights.map((_, index) => index).sort((one, other) => (heights[one] ?? 0) - (heights[other] ?? 0));
  let free = Number.NEGATIVE_INFINITY;
  for (const index of order) {
    const height = Math.max(heights[index] ?? 0, free);
    moved[index] = height;
    free = height + LINE_HEIGHT;
  }
  return moved;
}

function gridLine(x1: number, x2: number, y1: number, y2: number): string {
  return `<line class="grid" x1="${x1}" x2="${x2}" y1="${y1}" y2="${y2}"/>`;
}

function mark(x: number, y: number, anchor: string, value: number): string {
  return `<text x="${x}" y="${y}" text-anchor="${anchor}">${value < 1 ? value : value.toLocaleString('en')}</text>`;
}

/** The exponents between which all values lie. */
export function powersAround(values: readonly number[]): number[] {
  const first = Math.floor(Math.log10(Math.min(...values)));
  const last = Math.max(first + 1, Math.ceil(Math.log10(Math.max(...values))));
  return Array.from({ length: last - first + 1 }, (_, index) => first + index);
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
