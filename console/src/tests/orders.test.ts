// What can be asked of a sensor, and of which.
import { expect, it } from 'vitest';
import { asks, takesOrders } from '../model/orders';
import { incidentFrom, sensorFrom, systemFrom } from '../model/wire';

const source = (id: string, kind: string) => ({ id, kind, received: 0, rejected: 0, last_at: null, problem: '' });
const system = systemFrom({ sources: [source('nodes', 'feed.sapient'), source('parent', 'sapient'), source('gas', 'mqtt')] });

it('asks only sensors whose connection carries orders', () =>
  expect(['nodes', 'parent', 'gas', ''].map((via) => takesOrders(sensorFrom({ id: 's', via }), system))).toEqual([true, true, false, false]));

it('offers the places of open incidents first', () => {
  const placed = incidentFrom({ id: 'i', title: 'Chlorine near the station', place: { lon: 24.9, lat: 60.1 } });
  const [first, second] = asks([placed, incidentFrom({ id: 'j', title: 'Attack' })]);
  expect(first).toEqual({ label: 'Look at Chlorine near the station', order: { verb: 'look-at', lon: 24.9, lat: 60.1 } });
  expect(second?.order).toEqual({ verb: 'request', text: 'Status' });
});

it('calls everything by a name of its own', () => {
  const twice = ['i', 'j'].map((id) => incidentFrom({ id, title: 'Gas', place: { lon: 24.9, lat: 60.1 } }));
  const names = asks(twice).map((one) => one.label);
  expect(new Set(names).size).toBe(names.length);
});
