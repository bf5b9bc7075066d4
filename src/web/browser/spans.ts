/** Spans of time in words; runs in the browser, and in the front for pages without script. */

const UNITS = [
  ['day', 'd', 86_400],
  ['hour', 'h', 3_600],
  ['minute', 'min', 60],
  ['second', 's', 1],
] as const;

/** `5400`: "1 hour 30 minutes". Whole seconds. */
export function spanInWords(seconds: number): string {
  return parts(seconds, (count, [word]) => `${count} ${word}${count === 1 ? '' : 's'}`);
}

/** `599`: "9 min 59 s"; the two largest units. */
export function shortSpan(seconds: number): string {
  return parts(seconds, (count, [, short]) => `${count} ${short}`);
}

/** Two units at most: nobody counts the seconds of a day. */
function parts(seconds: number, show: (count: number, unit: (typeof UNITS)[number]) => string): string {
  let rest = seconds;
  const shown: string[] = [];
  for (const unit of UNITS) {
    const count = Math.floor(rest / unit[2]);
    rest -= count * unit[2];
    if (count > 0) shown.push(show(count, unit));
  }
  return shown.slice(0, 2).join(' ') || show(0, UNITS[3]);
}
