// What can be said of a sensor at a glance: its health, its age, what is assumed about it.
import { span } from './format';
import type { SensorRow } from './wire';

export type Health = 'ok' | 'never' | 'silent' | 'suspect' | 'compromised' | 'staged' | 'set aside';

/** How it stands, the worst first. A sensor that stopped is silent even before the server says so. */
export function health(sensor: SensorRow, now: number): Health {
  if (sensor.condition === 'compromised' || sensor.condition === 'suspect') return sensor.condition;
  if (sensor.staged || sensor.state === 'staged') return 'staged';
  if (sensor.state !== 'in service') return 'set aside';
  if (sensor.condition === 'silent') return 'silent';
  if (sensor.last_at === null) return 'never';
  return now - sensor.last_at > sensor.silent_after_s ? 'silent' : 'ok';
}

/** That health in words, with the age of the last reading where it matters. */
export function healthWords(sensor: SensorRow, now: number): string {
  const state = health(sensor, now);
  const age = sensor.last_at === null ? '' : span(now - sensor.last_at);
  if (state === 'silent') return age ? `silent for ${age}` : 'silent';
  if (state === 'never') return 'nothing received yet';
  if (state === 'set aside') return sensor.state;
  return state === 'ok' ? 'reporting' : state;
}

const WORST: Health[] = ['compromised', 'suspect', 'silent', 'staged', 'set aside', 'never', 'ok'];

/** How much a sensor needs a person; a camera that the map knows and nobody connected comes last. */
const need = (sensor: SensorRow, now: number): number => {
  const state = health(sensor, now);
  return state === 'never' && sensor.family === 'camera' ? WORST.length : WORST.indexOf(state);
};

/** Sensors that hold every word of the filter, those that need a person first. */
export function sorted(sensors: Iterable<SensorRow>, now: number, filter = ''): SensorRow[] {
  const words = filter.toLowerCase().split(/\s+/).filter(Boolean);
  const text = (s: SensorRow): string => `${s.id} ${s.name} ${s.family} ${s.place?.name ?? ''} ${s.place?.zone ?? ''} ${s.state} ${health(s, now)}`.toLowerCase();
  return [...sensors]
    .filter((sensor) => words.every((word) => text(sensor).includes(word)))
    .sort((a, b) => need(a, now) - need(b, now) || a.family.localeCompare(b.family) || a.name.localeCompare(b.name, undefined, { numeric: true }));
}

/** Where it stands, in words. */
export const whereOf = (sensor: SensorRow): string => sensor.place?.name || sensor.place?.zone || (sensor.place ? `${sensor.place.lat.toFixed(5)}, ${sensor.place.lon.toFixed(5)}` : 'no place yet');
