// The exact sum agrees with exact arithmetic in any order; the bars show it.
import { describe, expect, it } from 'vitest';
import { axis, fsum, logistic, waterfall } from '../model/waterfall';
import type { Contribution } from '../model/wire';

/** A small generator of doubles, so that a failure can be repeated. */
function doubles(seed: number, n: number): number[] {
  let state = seed;
  const next = (): number => (state = (state * 1664525 + 1013904223) % 2 ** 32) / 2 ** 32;
  return Array.from({ length: n }, () => (next() - 0.5) * 10 ** Math.floor(next() * 12 - 6));
}

/** A double as an exact integer number of 2^-1074. */
function exact(value: number): bigint {
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, value);
  const bits = view.getBigUint64(0);
  const power = Number((bits >> 52n) & 0x7ffn);
  const digits = (bits & 0xfffffffffffffn) | (power ? 1n << 52n : 0n);
  const magnitude = digits << BigInt(Math.max(0, power - 1));
  return bits >> 63n ? -magnitude : magnitude;
}

const distance = (a: bigint, b: bigint): bigint => (a > b ? a - b : b - a);

/** The doubles next to a value, found on its bits. */
function neighbours(value: number): number[] {
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, value);
  const bits = view.getBigUint64(0);
  return [bits - 1n, bits + 1n].map((b) => {
    view.setBigUint64(0, b);
    return view.getFloat64(0);
  });
}

const part = (id: string, nats: number): Contribution => ({ id, role: 'for', because: id, nats, weight: { nats, basis: 'default', text: '' }, at: 0 });

describe('fsum', () => {
  it.each([
    [[], 0],
    [[0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1], 1],
    [[1e16, 1, -1e16], 1],
    [[1, 1e100, 1, -1e100], 2],
    [[1e16, 1, 1e-16], 10000000000000002],
  ])('%j is %d', (values, sum) => expect(fsum(values)).toBe(sum));

  it('is the double nearest to the exact sum', () => {
    for (let seed = 1; seed <= 300; seed += 1) {
      const values = doubles(seed, 2 + (seed % 30));
      const sum = values.map(exact).reduce((a, b) => a + b, 0n);
      const got = fsum(values);
      for (const other of neighbours(got)) expect(distance(exact(got), sum) <= distance(exact(other), sum)).toBe(true);
    }
  });

  it('does not depend on the order', () => {
    for (let seed = 1; seed <= 100; seed += 1) {
      const values = doubles(seed, 12);
      expect(fsum([...values].reverse())).toBe(fsum(values));
      expect(fsum([...values].sort((a, b) => a - b))).toBe(fsum(values));
    }
  });
});

describe('waterfall', () => {
  const parts = [part('a', 0.4), part('prior', -5), part('b', 5.2), part('c', -0.9)];

  it('puts the widest first', () => expect(waterfall(parts).bars.map((bar) => bar.contribution.id)).toEqual(['b', 'prior', 'c', 'a']));

  it('runs from zero to the total without a gap', () => {
    const { bars, total } = waterfall(parts);
    expect(bars[0]?.before).toBe(0);
    bars.slice(1).forEach((bar, i) => expect(bar.before).toBe(bars[i]?.after));
    expect(bars.at(-1)?.after).toBe(total);
    expect(total).toBe(fsum(parts.map((one) => one.nats)));
  });

  it('keeps every bar and every running total on the axis', () => {
    const { bars, extent } = waterfall(parts);
    for (const bar of bars) for (const value of [bar.contribution.nats, bar.after]) expect(axis(value, extent)).toSatisfy((x: number) => x >= 0 && x <= 100);
  });

  it('is empty without contributions', () => expect(waterfall([])).toEqual({ bars: [], total: 0, extent: 1 }));
});

it('turns log-odds into a score', () => {
  expect(logistic(0)).toBe(0.5);
  expect(logistic(Math.log(3))).toBeCloseTo(0.75, 12);
});
