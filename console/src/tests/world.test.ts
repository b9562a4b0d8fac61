// Each message changes the world as it should, late and doubled ones included.
import { expect, it } from 'vitest';
import { reduce, REMEMBERED_MAX, worldFrom, type World } from '../model/world';
import type { Finding, StateMessage } from '../model/wire';

const CITY: StateMessage['city'] = { name: 'Town', centre: [0, 0], bounds: [0, 0, 1, 1], origin: 'simulated', banner: '', attribution: '' };
const STATE: StateMessage = { city: CITY, now: 0, event: 0, incidents: [], proposals: [], outcomes: [], sensors: [], system: {}, precision: {}, on_duty: [], operators: [] };
const start = (): World => worldFrom(STATE);
const finding = (id: string): Finding => ({ id, at: 1, origin: 'simulated', kind: 'cbrne.toxic', subject: 's', because: 'b' });
const stage = (parts: string[]) => ({
  id: 'st', hazard: 'toxic', kind: 'cbrne.toxic', title: '', log_odds: 0, since: 0, last: 0, priority: 0 as const,
  contributions: parts.map((id) => ({ id, role: 'for' as const, because: '', nats: 1, weight: { nats: 1, basis: 'default' as const, text: '' }, at: 0 })),
});

it('fills in what the server leaves out', () => {
  const world = reduce(start(), { event: 'incident', data: { id: 'i', rev: 1, title: 'T' } });
  expect(world.incidents.get('i')).toMatchObject({ notes: [], place: null, assignee: '', cost: 0 });
});

it('takes a newer revision and ignores an older one', () => {
  const newer = reduce(start(), { event: 'incident', data: { id: 'i', rev: 3, title: 'new' } });
  expect(reduce(newer, { event: 'incident', data: { id: 'i', rev: 2, title: 'old' } })).toBe(newer);
  expect(reduce(newer, { event: 'incident', data: { id: 'i', rev: 4, title: 'newest' } }).incidents.get('i')?.title).toBe('newest');
});

it('is the same after a doubled message', () => {
  const data = { id: 'i', rev: 3, title: 'one' };
  const once = reduce(start(), { event: 'incident', data });
  expect(reduce(once, { event: 'incident', data })).toEqual(once);
});

it('shows a raw finding until an incident adopts it', () => {
  const raw = reduce(start(), { event: 'finding', data: finding('f') });
  expect([...raw.raw.keys()]).toEqual(['f']);
  const adopted = reduce(raw, { event: 'incident', data: { id: 'i', rev: 1, stages: [stage(['f'])] } });
  expect(adopted.raw.size).toBe(0);
  expect(reduce(adopted, { event: 'finding', data: finding('f') }).raw.size).toBe(0);
});

it('begins with the raw findings that wait', () => {
  const incidents = [{ id: 'i', rev: 1, state: 'closed' as const, stages: [stage(['g'])] }];
  expect([...worldFrom({ ...STATE, incidents, findings: [finding('f'), finding('g')] }).raw.keys()]).toEqual(['f']);
});

it('takes newer regions of a raw finding without ringing anew', () => {
  const first = reduce(start(), { event: 'finding', data: finding('f') });
  const later = reduce(first, { event: 'finding', data: { ...finding('f'), at: 9, extents: [] } });
  expect(later.raw.get('f')).toMatchObject({ at: 9, heard: 1, extents: [] });
});

it('bounds what it remembers', () => {
  let world = start();
  for (let i = 0; i <= REMEMBERED_MAX; i += 1) world = reduce(world, { event: 'finding', data: finding(`f${i}`) });
  expect(world.raw.size).toBe(REMEMBERED_MAX);
  expect(world.raw.has('f0')).toBe(false);
});

it('replaces rows of sensors and names the nameless', () => {
  const world = reduce(start(), { event: 'sensor', data: [{ id: 'a' }, { id: 'b', name: 'Bee', value: '1 ppm' }] });
  expect([...world.sensors.values()].map((row) => row.name)).toEqual(['a', 'Bee']);
  expect(reduce(world, { event: 'sensor', data: [{ id: 'b', value: '2 ppm' }] }).sensors.get('b')?.value).toBe('2 ppm');
});

it('leaves the former world as it was', () => {
  const before = start();
  reduce(before, { event: 'sensor', data: [{ id: 'a' }] });
  reduce(before, { event: 'proposal', data: { id: 'p' } });
  expect([before.sensors.size, before.proposals.size]).toEqual([0, 0]);
});
