// How contributions add up: an exact sum, and the bars that show it.
import type { Contribution } from './wire';

/** Split the running partial sums so that no digit of `value` is lost (Shewchuk 1997). */
function absorb(partials: number[], value: number): number[] {
  const kept: number[] = [];
  let x = value;
  for (const partial of partials) {
    const [large, small] = Math.abs(x) < Math.abs(partial) ? [partial, x] : [x, partial];
    const high = large + small;
    const low = small - (high - large);
    if (low !== 0) kept.push(low);
    x = high;
  }
  return [...kept, x];
}

/** Round the partials once, half to even, as Python's math.fsum does. */
function rounded(partials: number[]): number {
  let left = partials.length - 1;
  let high = partials[left] ?? 0;
  let low = 0;
  while (left > 0 && low === 0) {
    const x = high;
    const y = partials[--left] ?? 0;
    high = x + y;
    low = y - (high - x);
  }
  const next = left > 0 ? (partials[left - 1] ?? 0) : 0;
  const nudge = low * 2;
  const moved = high + nudge;
  return low * next > 0 && moved - high === nudge ? moved : high;
}

/** The exact sum of doubles, rounded once: the same number in any order, and the same as math.fsum. */
export const fsum = (values: readonly number[]): number => rounded(values.reduce(absorb, []));

export interface Bar {
  contribution: Contribution;
  before: number;
  after: number;
}

export interface Waterfall {
  bars: Bar[];
  total: number;
  extent: number;
}

/** Bars widest first, each with the running total before and after it; `extent` is the half width of the axis. */
export function waterfall(contributions: readonly Contribution[]): Waterfall {
  const ordered = [...contributions].sort((a, b) => Math.abs(b.nats) - Math.abs(a.nats) || a.id.localeCompare(b.id));
  const totals = ordered.map((_, index) => fsum(ordered.slice(0, index + 1).map((c) => c.nats)));
  const bars = ordered.map((contribution, i) => ({ contribution, before: totals[i - 1] ?? 0, after: totals[i] ?? 0 }));
  const reach = bars.flatMap((bar) => [Math.abs(bar.contribution.nats), Math.abs(bar.after)]);
  return { bars, total: totals.at(-1) ?? 0, extent: Math.max(1, ...reach) };
}

/** Where a value lies on the axis, in percent from its left end (zero is 50). */
export const axis = (value: number, extent: number): number => 50 + (50 * value) / extent;

/** The probability that log-odds stand for: 1/(1+exp(-x)). */
export const logistic = (logOdds: number): number => 1 / (1 + Math.exp(-logOdds));
