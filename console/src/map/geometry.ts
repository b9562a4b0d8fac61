// Rings around places: circles of uncertainty and cones of view.
import { METRES_PER_DEGREE } from '../model/metres';
import type { Place, Position } from '../model/wire';

/** The point so many metres away in a compass direction. */
export function offset(place: Place, bearing_deg: number, distance_m: number): Position {
  const angle = (bearing_deg * Math.PI) / 180;
  const east = Math.sin(angle) * distance_m;
  const north = Math.cos(angle) * distance_m;
  const scale = Math.cos((place.lat * Math.PI) / 180);
  return [place.lon + east / (METRES_PER_DEGREE * scale), place.lat + north / METRES_PER_DEGREE];
}

/** A closed circle around a place. */
export function circle(place: Place, radius_m: number, points = 64): Position[] {
  return Array.from({ length: points + 1 }, (_, i) => offset(place, ((i % points) * 360) / points, radius_m));
}

/** A closed cone of view; a full circle from 360 degrees on. */
export function cone(place: Place, bearing_deg: number, field_deg: number, range_m: number): Position[] {
  if (field_deg >= 360) return circle(place, range_m);
  const here: Position = [place.lon, place.lat];
  const arc = Array.from({ length: 17 }, (_, i) => offset(place, bearing_deg - field_deg / 2 + (field_deg * i) / 16, range_m));
  return [here, ...arc, here];
}

/** The same ring, closed if it was not. */
export function closed(ring: Position[]): Position[] {
  const [first, last] = [ring[0], ring.at(-1)];
  if (!first || !last || (first[0] === last[0] && first[1] === last[1])) return ring;
  return [...ring, first];
}
