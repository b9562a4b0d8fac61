// Sizes of regions on the map, and how sure they and the figures are.
import { metresOf } from './metres';
import { kindOf, type FigureRow, type Told } from './extents';
import { amount, interval, number } from './units';
import type { Position } from './wire';

/** Whether a point lies inside a ring (even-odd rule). */
export function inside([x, y]: Position, ring: readonly Position[]): boolean {
  let odd = false;
  for (let i = 0, j = ring.length - 1; i < ring.length; j = i, i += 1) {
    const [a, b] = [ring[i] as Position, ring[j] as Position];
    if (a[1] > y !== b[1] > y && x < ((b[0] - a[0]) * (y - a[1])) / (b[1] - a[1]) + a[0]) odd = !odd;
  }
  return odd;
}

/** Twice the signed area inside a ring, square metres; the sign is that of its turn. */
function turned(ring: readonly Position[]): number {
  const flat = metresOf(ring);
  return flat.reduce((sum, [x, y], i) => {
    const [u, v] = flat[(i + 1) % flat.length] as Position;
    return sum + x * v - u * y;
  }, 0);
}

const sizeOf = (ring: readonly Position[]): number => Math.abs(turned(ring)) / 2;

/** Outlines grouped into polygons: a ring inside another is its hole, one inside a hole is an island. */
export function polygonsOf(rings: readonly Position[][]): Position[][][] {
  const depth = (ring: Position[]): number => rings.filter((other) => other !== ring && inside(ring[0] as Position, other)).length;
  const sorted = rings.filter((ring) => ring.length > 2).map((ring) => ({ ring, depth: depth(ring) }));
  return sorted
    .filter((one) => one.depth % 2 === 0)
    .map((outer) => [outer.ring, ...sorted.filter((one) => one.depth === outer.depth + 1 && inside(one.ring[0] as Position, outer.ring)).map((one) => one.ring)]);
}

/** The area of a region, m². */
export const areaOf = (rings: readonly Position[][]): number =>
  polygonsOf(rings).reduce((sum, [outer, ...holes]) => sum + sizeOf(outer ?? []) - holes.reduce((hole, ring) => hole + sizeOf(ring), 0), 0);

/** The widest extent of a region, metres. */
export function widthOf(rings: readonly Position[][]): number {
  const flat = metresOf(rings.flat());
  let widest = 0;
  for (const [i, [x, y]] of flat.entries()) for (const [u, v] of flat.slice(i + 1)) widest = Math.max(widest, Math.hypot(x - u, y - v));
  return widest;
}

const HECTARE_M2 = 10_000;
const KM_M = 1_000;

/** An area as people say it: 420 m², 3.2 ha, 1.4 km². */
export function areaWord(m2: number): string {
  if (m2 < HECTARE_M2) return `${number(Number(m2.toPrecision(2)))}\u00a0m²`;
  return m2 < KM_M * KM_M ? `${number(m2 / HECTARE_M2)}\u00a0ha` : `${number(m2 / (KM_M * KM_M))}\u00a0km²`;
}

/** A length as people say it: 80 m, 1.2 km. */
export const lengthWord = (m: number): string => (m < KM_M ? `${number(Number(m.toPrecision(2)))}\u00a0m` : `${number(m / KM_M)}\u00a0km`);

/** The length of lines, metres. */
export function lengthOf(lines: readonly Position[][]): number {
  const along = (line: Position[]): number => metresOf(line).reduce((sum, [x, y], i, flat) => sum + (i ? Math.hypot(x - flat[i - 1]![0], y - flat[i - 1]![1]) : 0), 0);
  return lines.reduce((sum, line) => sum + along(line), 0);
}

/** How large a region is: an area, or a length for a path. */
export const sizeWord = ({ extent }: Told): string => (kindOf(extent) === 'path' ? lengthWord(lengthOf(extent.rings)) : areaWord(areaOf(extent.rings)));

const percent = (share: number): string => `${Math.round(share * 100)}\u00a0%`;

/** How wide an interval is against its value; what has none says nothing. */
function spread({ figure: { low, high } }: FigureRow): number {
  return low === undefined || high === undefined || low <= 0 ? 0 : high / low;
}

/** Sentences that say how sure all this is: how large the regions are, and what is known least. */
export function sureWords(told: readonly Told[], figures: readonly FigureRow[]): string[] {
  const places = told.filter(({ extent }) => ['region', 'ellipse'].includes(kindOf(extent)) && extent.probability !== undefined);
  const least = [...figures].sort((a, b) => spread(b) - spread(a))[0];
  const within = places.map(({ extent }) => `${percent(extent.probability ?? 0)} sure that it lies in ${areaWord(areaOf(extent.rings))}, ${lengthWord(widthOf(extent.rings))} at the widest.`);
  if (!least || spread(least) <= 1) return within;
  const { name, value, low, high, unit } = least.figure;
  return [...within, `Known least: ${name}, ${amount(value, unit)}, with 90\u00a0% from ${interval(low, high, unit)}.`];
}
