// What a person can ask of a sensor that takes orders: a request, a threshold, a mode, or to look at a place.
import type { Incident, Place, System, SensorRow } from './wire';

export interface Order {
  verb: string;
  text?: string;
  lon?: number;
  lat?: number;
}

export interface Asked {
  label: string;
  order: Order;
}

/** What the kind of a source has in it whose sensors take orders. */
const TAKES_ORDERS = 'sapient';

/** Whether a sensor speaks over a connection that carries orders to it. */
export function takesOrders(sensor: SensorRow, system: System): boolean {
  const kind = system.sources.find((source) => source.id === sensor.via)?.kind ?? '';
  return kind.split('.').includes(TAKES_ORDERS);
}

const request = (text: string, label: string): Asked => ({ label, order: { verb: 'request', text } });
const level = (verb: string, label: string): Asked[] => ['low', 'medium', 'high'].map((text) => ({ label: `${label}: ${text}`, order: { verb, text } }));
const lookAt = (place: Place, name: string): Asked => ({ label: `Look at ${name}`, order: { verb: 'look-at', lon: place.lon, lat: place.lat } });

/** What can be asked now, each under a name of its own: places are those of open incidents, the most urgent first. */
export function asks(incidents: readonly Incident[]): Asked[] {
  const places = incidents.flatMap((one) => (one.place ? [lookAt(one.place, one.title)] : []));
  const all = [
    ...places,
    request('Status', 'Say how it stands'), request('Registration', 'Register anew'), request('Start', 'Start'), request('Stop', 'Stop'), request('Reset', 'Reset'),
    ...level('detection-threshold', 'Detection threshold'), ...level('classification-threshold', 'Classification threshold'), ...level('detection-report-rate', 'Report rate'),
  ];
  return all.filter((one, i) => all.findIndex((other) => other.label === one.label) === i);
}
