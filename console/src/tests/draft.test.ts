// A draft is read without trust and edited without loss; shapes on the map are closed.
import { expect, it } from 'vitest';
import { areaFeatures, coneOf, incidentFeatures, ringsOf, sensorFeatures } from '../map/features';
import { circle, closed, cone } from '../map/geometry';
import { warningFrom, withTexts } from '../model/draft';
import { incidentFrom, proposalFrom, sensorFrom, type Position } from '../model/wire';

const DRAFT = {
  headline: 'Go in', event: 'Gas', area: { name: 'Square', polygon: [[0, 0], [0, 1], [1, 1]] }, expires: 9, status: 'Exercise', msgType: 'Alert',
  languages: { en: { event: 'Gas', headline: 'Go in', description: 'd', instruction: 'i' }, fi: { event: 'Kaasu', headline: 'Sisälle', description: 'd', instruction: 'i' } }, categories: ['CBRNE'],
};
const proposal = proposalFrom({ id: 'p', incident: 'i', draft: JSON.stringify(DRAFT) });

it('reads a warning', () => expect(warningFrom(proposal)).toMatchObject({ headline: 'Go in', area: { name: 'Square' }, expires: 9, status: 'Exercise' }));

it.each(['', '{', '[]', 'null', '{"text": "no area"}'])('takes %j for no warning', (draft) => expect(warningFrom(proposalFrom({ id: 'p', draft }))).toBeNull());

it('drops points that are no points', () => {
  const broken = proposalFrom({ id: 'p', draft: JSON.stringify({ area: { polygon: [[1, 2], 'x', [null, 1], [3]] } }) });
  expect(warningFrom(broken)?.area.polygon).toEqual([[1, 2]]);
});

it('edits one language and keeps everything else', () => {
  const texts = { headline: 'Mene sisälle', description: 'k', instruction: 'o' };
  const after = JSON.parse(withTexts(proposal, 'fi', texts)) as typeof DRAFT;
  expect(after.languages.fi).toEqual({ event: 'Kaasu', ...texts });
  expect({ ...after, languages: { ...after.languages, fi: DRAFT.languages.fi } }).toEqual(DRAFT);
});

it('closes every ring', () => {
  const place = { lon: 24.94, lat: 60.17 };
  for (const ring of [circle(place, 100), cone(place, 350, 60, 40), cone(place, 0, 360, 40), closed([[0, 0], [0, 1], [1, 1]])]) expect(ring[0]).toEqual(ring.at(-1));
});

it('draws a circle of its radius', () => {
  const place = { lon: 24.94, lat: 60.17 };
  const metres = ([lon, lat]: Position): number => Math.hypot((lon - place.lon) * 111_195 * Math.cos((place.lat * Math.PI) / 180), (lat - place.lat) * 111_195);
  for (const point of circle(place, 250)) expect(metres(point)).toBeCloseTo(250, 6);
});

it('draws what has a place and leaves out what has none', () => {
  const place = { lon: 1, lat: 2, radius_m: 50 };
  expect(incidentFeatures([incidentFrom({ id: 'a', place, priority: 0 }), incidentFrom({ id: 'b' })], null).features.map((f) => f.properties?.mark)).toEqual(['p0']);
  expect(sensorFeatures([sensorFrom({ id: 's', place }), sensorFrom({ id: 't' })], 0, 's').features.map((f) => f.properties?.mark)).toEqual(['faint-chosen']);
  expect(coneOf(sensorFrom({ id: 's', place, range_m: 40 })).features.length).toBe(1);
  expect(coneOf(sensorFrom({ id: 's', range_m: 40 })).features).toEqual([]);
});

it('draws uncertainty and warning area of the open incident', () => {
  const areas = areaFeatures(incidentFrom({ id: 'i', place: { lon: 0, lat: 0, radius_m: 50 } }), [proposal]);
  expect(areas.features.map((f) => f.properties?.kind)).toEqual(['within', 'warning']);
  expect(ringsOf(areas).length).toBe(2);
  expect(areaFeatures(null, [proposal]).features).toEqual([]);
});
