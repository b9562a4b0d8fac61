// What a sensor sees: asked from the server, which cuts it by the buildings; a plain cone until it answers.
import type { Feature } from 'geojson';
import type { Map as Atlas } from 'maplibre-gl';
import { get, path, Problem } from '../live/api';
import type { SensorRow } from '../model/wire';
import { draw } from './atlas';
import { coneOf, NOTHING } from './features';

let asked = '';

/** Draw the coverage of one sensor, or none. */
export async function showCoverage(atlas: Atlas, sensor: SensorRow | undefined): Promise<void> {
  asked = sensor?.id ?? '';
  draw(atlas, 'coverage', sensor ? coneOf(sensor) : NOTHING);
  if (!sensor?.place || !sensor.range_m) return; // nothing is known of what it covers
  const seen = await get<Feature>(path('sensors', sensor.id, 'viewshed')).catch((error: unknown) => {
    if (error instanceof Problem) return null; // no outline is known: the cone stays
    throw error;
  });
  if (seen && asked === sensor.id) draw(atlas, 'coverage', { type: 'FeatureCollection', features: [seen] });
}
