// Degrees as metres, near enough for a city.
import type { Position } from './wire';

export const METRES_PER_DEGREE = 111_195;

/** Points as metres east and north of the first one. */
export function metresOf(points: readonly Position[]): Position[] {
  const [lon = 0, lat = 0] = points[0] ?? [];
  const scale = Math.cos((lat * Math.PI) / 180);
  return points.map(([x, y]) => [(x - lon) * METRES_PER_DEGREE * scale, (y - lat) * METRES_PER_DEGREE]);
}
