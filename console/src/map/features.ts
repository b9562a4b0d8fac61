// What the console draws on the map, as GeoJSON: sensors, incidents, areas, coverage.
import type { Feature, FeatureCollection, Geometry } from 'geojson';
import { unacknowledged } from '../model/cases';
import { warningFrom } from '../model/draft';
import { extentsOf, kindOf, lookOf, titled, type Kind, type Told } from '../model/extents';
import { polygonsOf } from '../model/regions';
import { health, healthWords } from '../model/sensors';
import type { Dot } from '../model/cameras';
import type { Incident, Place, Position, Proposal, SensorRow } from '../model/wire';
import { circle, closed, cone } from './geometry';
import { GLYPHS } from './glyphs';

export const NOTHING: FeatureCollection = { type: 'FeatureCollection', features: [] };

const collection = (features: Feature[]): FeatureCollection => ({ type: 'FeatureCollection', features });
const feature = (geometry: Geometry, properties: Record<string, unknown>): Feature => ({ type: 'Feature', geometry, properties });
const point = (place: Place): Geometry => ({ type: 'Point', coordinates: [place.lon, place.lat] });
const polygon = (ring: Position[]): Geometry => ({ type: 'Polygon', coordinates: [closed(ring)] });

/** Longest name beside a mark; the row has all of it. */
const LABEL_CHARS_MAX = 44;
const short = (text: string): string => (text.length > LABEL_CHARS_MAX ? `${text.slice(0, LABEL_CHARS_MAX - 1)}…` : text);

const MARK: Record<ReturnType<typeof health>, string> = {
  ok: 'dot', never: 'faint', silent: 'dashed', suspect: 'doubt', compromised: 'doubt', staged: 'dotted', 'set aside': 'dotted',
};

/** Every sensor that has a place; those that stopped carry their age. */
export function sensorFeatures(sensors: Iterable<SensorRow>, now: number, chosen: string | null): FeatureCollection {
  const placed = [...sensors].filter((sensor): sensor is SensorRow & { place: Place } => sensor.place !== null);
  return collection(
    placed.map((sensor) => {
      const state = health(sensor, now);
      const loud = ['silent', 'suspect', 'compromised'].includes(state);
      const label = loud ? `${sensor.name}\n${healthWords(sensor, now)}` : sensor.name;
      const plain = sensor.family === 'camera' && state === 'ok' ? 'small' : MARK[state];
      const glyph = plain === 'dot' && sensor.family in GLYPHS ? `family-${sensor.family}` : plain;
      const [mark, near] = [plain, glyph].map((name) => (sensor.id === chosen ? `${name}-chosen` : name));
      return feature(point(sensor.place), { id: sensor.id, label, mark, near, loud, family: sensor.family });
    }),
  );
}

/** Who and what moves in the sight of cameras, as dots: nobody can be told from another. */
export const trackFeatures = (dots: Dot[]): FeatureCollection =>
  collection(dots.map((dot) => feature({ type: 'Point', coordinates: [dot.lon, dot.lat] }, { label: dot.label })));

/** Incidents as the shape of their priority, hollow once acknowledged. */
export function incidentFeatures(incidents: Iterable<Incident>, opened: string | null): FeatureCollection {
  const placed = [...incidents].filter((one): one is Incident & { place: Place } => one.place !== null);
  return collection(
    placed.map((one) => {
      const mark = `p${one.priority}${unacknowledged(one) ? '' : '-taken'}`;
      return feature(point(one.place), { id: one.id, label: short(one.title), mark, rank: one.priority, opened: one.id === opened });
    }),
  );
}

function incidentAreas(incident: Incident): Feature[] {
  const place = incident.place;
  if (!place) return [];
  const radius = place.radius_m ?? 10;
  const located = extentsOf(incident).some(({ extent }) => ['region', 'ellipse'].includes(kindOf(extent))); // a finding knows better than a circle
  const within = located ? [] : [feature(polygon(circle(place, radius)), { kind: 'within', label: `95 % within ${Math.round(radius)} m` })];
  const footprint = place.area?.length ? [feature(polygon(place.area), { kind: 'footprint', label: place.name || incident.title })] : [];
  return [...within, ...footprint];
}

function warningAreas(proposals: Proposal[]): Feature[] {
  return proposals.flatMap((proposal) => {
    const warning = warningFrom(proposal);
    if (!warning?.area.polygon.length) return [];
    return [feature(polygon(warning.area.polygon), { kind: 'warning', label: `Warning area, ${proposal.state}` })];
  });
}

/** Uncertainty and footprint of the open incident, and the areas that warnings about it would reach. */
export function areaFeatures(incident: Incident | null, proposals: Proposal[]): FeatureCollection {
  return incident ? collection([...incidentAreas(incident), ...warningAreas(proposals)]) : NOTHING;
}

const geometryOf = ({ extent }: Told): Geometry =>
  kindOf(extent) === 'path' ? { type: 'MultiLineString', coordinates: extent.rings } : { type: 'MultiPolygon', coordinates: polygonsOf(extent.rings) };

/** Regions of findings; while an incident is open, those of others are faint and have no words. */
export const extentFeatures = (told: readonly Told[], opened: string | null, hidden: ReadonlySet<Kind>): FeatureCollection =>
  collection(
    told
      .filter(({ extent }) => !hidden.has(kindOf(extent)))
      .map((one) => feature(geometryOf(one), { look: lookOf(one.extent), label: short(titled(one.extent.label)), faint: opened !== null && one.of !== opened })),
  );

/** The rings of all polygons in a collection. */
export const ringsOf = (features: FeatureCollection): Position[][] =>
  features.features.flatMap(({ geometry }) => (geometry.type === 'Polygon' ? (geometry.coordinates as Position[][]) : []));

/** What a sensor is taken to see where the server knows no better outline. */
export function coneOf(sensor: SensorRow): FeatureCollection {
  if (!sensor.place || !sensor.range_m) return NOTHING;
  return collection([feature(polygon(cone(sensor.place, sensor.bearing_deg ?? 0, sensor.bearing_deg === null ? 360 : sensor.field_deg, sensor.range_m)), {})]);
}
