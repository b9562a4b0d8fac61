// Which incidents are listed, in which order; what rings; what is found; where proposals stand.
import { expect, it } from 'vitest';
import { listed, proposalsOf, rings, standing, step, weightiest } from '../model/cases';
import { found, HITS_MAX } from '../model/find';
import { health, healthWords, sorted } from '../model/sensors';
import { incidentFrom, proposalFrom, sensorFrom, type Incident } from '../model/wire';
import { reduce, worldFrom, type World } from '../model/world';
import { ringing, volume } from '../sound/motif';

const incident = (id: string, more: Partial<Incident> = {}): Incident => incidentFrom({ id, title: id, ...more });

it('lists the urgent first, then what nobody has taken, then the newest', () => {
  const rows = [incident('low'), incident('taken', { priority: 0, state: 'acknowledged' }), incident('life', { priority: 0 }), incident('newer', { since: 9 })];
  expect(listed(rows, 'open').map((row) => row.id)).toEqual(['life', 'taken', 'newer', 'low']);
});

it('keeps shelved and closed ones apart', () => {
  const rows = [incident('a', { state: 'shelved' }), incident('b', { state: 'closed' }), incident('c', { state: 'merged' }), incident('d', { state: 'returned' })];
  expect((['open', 'shelved', 'closed'] as const).map((view) => listed(rows, view).map((row) => row.id))).toEqual([['d'], ['a'], ['b', 'c']]);
});

it('filters by every word, in any field', () => {
  const rows = [incident('Chlorine near Rautatientori', { assignee: 'Aino' }), incident('Crowd at Rautatientori')];
  expect(listed(rows, 'open', 'rauta aino').length).toBe(1);
  expect(listed(rows, 'open', 'RAUTA').length).toBe(2);
  expect(listed(rows, 'open', 'rauta xyz')).toEqual([]);
});

it('moves within the list and stays at its ends', () => {
  expect(step(['a', 'b'], null, 1)).toBe('a');
  expect(step(['a', 'b'], 'a', 1)).toBe('b');
  expect(step(['a', 'b'], 'b', 1)).toBe('b');
  expect(step(['a', 'b'], 'gone', -1)).toBe('a');
  expect(step([], 'a', 1)).toBeNull();
});

it('takes the most urgent stage for the heaviest, then the likeliest', () => {
  const stage = (id: string, priority: 0 | 1, log_odds: number) => ({ id, priority, log_odds, hazard: '', kind: '', title: '', contributions: [], since: 0, last: 0 });
  expect(weightiest(incident('i', { stages: [stage('net', 1, 9), stage('gas', 0, 2), stage('gas2', 0, 3)] }))?.id).toBe('gas2');
});

it('rings for priority 0 and 1 until somebody takes it', () => {
  expect([0, 1, 2, 3].map((priority) => rings(incident('i', { priority: priority as 0 })))).toEqual([true, true, false, false]);
  for (const state of ['acknowledged', 'shelved', 'closed', 'merged'] as const) expect(rings(incident('i', { priority: 0, state }))).toBe(false);
});

it('sounds the most urgent of what waits, raw findings too', () => {
  const high = incident('h', { priority: 1, since: 5 });
  expect(ringing([high], [])).toEqual({ priority: 1, since: 5 });
  expect(ringing([high], [{ id: 'f', at: 9, origin: 'live', kind: '', subject: '', because: '' }])).toEqual({ priority: 0, since: 9 });
  expect(ringing([incident('q')], [])).toBeNull();
});

it('grows louder, slowly, up to a bound', () => {
  const steps = [0, 10, 30, 60, 90, 900].map(volume);
  expect([...steps].sort((a, b) => a - b)).toEqual(steps);
  expect(Math.max(...steps)).toBeLessThanOrEqual(0.8);
  expect(volume(900)).toBe(volume(90));
});

it('knows where a proposal stands', () => {
  const states = { draft: 'waiting', sent: 'out', rejected: 'over', cancelled: 'over', 'all-clear': 'over', expired: 'over' };
  for (const [state, where] of Object.entries(states)) expect(standing(proposalFrom({ id: 'p', state }))).toBe(where);
  expect(proposalsOf([proposalFrom({ id: 'a', incident: 'i', state: 'sent' }), proposalFrom({ id: 'b', incident: 'i' }), proposalFrom({ id: 'c', incident: 'j' })], 'i').map((p) => p.id)).toEqual(['b', 'a']);
});

it('says silent by itself when readings stop', () => {
  const sensor = sensorFrom({ id: 's', last_at: 100, silent_after_s: 60 });
  expect([120, 161].map((now) => health(sensor, now))).toEqual(['ok', 'silent']);
  expect(healthWords(sensor, 400)).toBe('silent for 5 min');
  expect(health(sensorFrom({ id: 's' }), 0)).toBe('never');
  expect(health(sensorFrom({ id: 's', condition: 'compromised', staged: true }), 0)).toBe('compromised');
});

it('puts the sensors that need a person first', () => {
  const rows = [sensorFrom({ id: 'ok', last_at: 100 }), sensorFrom({ id: 'staged', staged: true }), sensorFrom({ id: 'silent', condition: 'silent' })];
  expect(sorted(rows, 110).map((row) => row.id)).toEqual(['silent', 'staged', 'ok']);
  expect(sorted(rows, 110, 'staged').length).toBe(1);
});

it('finds pages, incidents and sensors by their words, in bounds', () => {
  const city = { name: '', centre: [0, 0], bounds: [0, 0, 1, 1], origin: 'live', banner: '', attribution: '' } as World['city'];
  let world = worldFrom({ city, now: 0, event: 0, incidents: [], proposals: [], outcomes: [], sensors: [], system: {}, precision: {}, on_duty: [], operators: [] });
  world = reduce(world, { event: 'incident', data: { id: 'i', title: 'Chlorine at the station' } });
  world = reduce(world, { event: 'sensor', data: Array.from({ length: 30 }, (_, n) => ({ id: `gas-${n}`, name: `Station ${n}`, family: 'gas' })) });
  expect(found(world, ['watch'], 'station')[0]?.kind).toBe('incident');
  expect(found(world, ['watch'], 'station').length).toBe(HITS_MAX);
  expect(found(world, ['watch'], 'wat').map((hit) => hit.id)).toEqual(['watch']);
});
