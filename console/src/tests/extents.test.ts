// Regions of findings: which are shown, how they look, when they hold; units, sizes and how sure it is.
import { expect, it } from 'vitest';
import { extentFeatures, sensorFeatures } from '../map/features';
import { advises, agedWord, atStep, extentsOf, figuresOf, kindOf, lookOf, lookWord, rawExtents, stepOf, stepsOf, stepWord, type Told } from '../model/extents';
import { areaOf, areaWord, inside, lengthOf, lengthWord, polygonsOf, sizeWord, sureWords, widthOf } from '../model/regions';
import { amount, interval, number, unitWord } from '../model/units';
import { incidentFrom, sensorFrom, type Contribution, type Extent, type Figure, type Incident, type Position } from '../model/wire';

const square = (side: number, lon = 0, lat = 0): Position[] => [[lon, lat], [lon + side, lat], [lon + side, lat + side], [lon, lat + side], [lon, lat]];
const extent = (kind: string, more: Partial<Extent> = {}): Extent => ({ kind, label: kind, rings: [square(0.001)], ...more });
const part = (id: string, at: number, more: Partial<Contribution> = {}): Contribution => ({ id, role: 'for', because: '', nats: 1, weight: { nats: 1, basis: 'default', text: '' }, at, ...more });
const stage = (id: string, contributions: Contribution[]) => ({ id, hazard: 'toxic', kind: 'cbrne.toxic', title: '', log_odds: 0, since: 0, last: 0, priority: 0 as const, contributions });
const incident = (...stages: Contribution[][]): Incident => incidentFrom({ id: 'i', stages: stages.map((parts, n) => stage(`s${n}`, parts)) });
const told = (one: Extent, found = 1000): Told => ({ of: 'i', finding: 'f', found, extent: one });
const labels = (all: readonly Told[]): string[] => all.map((one) => one.extent.label);

it('takes of each kind the regions of the newest finding alone', () => {
  const early = part('a', 10, { extents: [extent('plume', { label: 'old plume' }), extent('isolation', { label: 'circle' })] });
  const late = part('b', 20, { extents: [extent('plume', { label: 'plume' }), extent('plume', { label: 'plume in 5 min' })] });
  expect(labels(extentsOf(incident([early, late])))).toEqual(['circle', 'plume', 'plume in 5 min']);
  expect(labels(extentsOf(incident([late, early])))).toEqual(['circle', 'plume', 'plume in 5 min']);
});

it('keeps the stages of an incident apart', () => {
  const shots = [1, 2].map((n) => [part(`shot${n}`, n, { extents: [extent('ellipse', { label: `shot ${n}` })] })]);
  expect(labels(extentsOf(incident(...shots)))).toEqual(['shot 1', 'shot 2']);
});

it('shows the regions of raw findings', () => {
  const raw = { id: 'f', at: 5, origin: 'live' as const, kind: '', subject: '', because: '', extents: [extent('isolation')] };
  expect(rawExtents([raw, { ...raw, id: 'g', extents: undefined }])).toMatchObject([{ of: 'f', found: 5 }]);
});

it.each([['AEGL-3 (10 min)', 'footprint-3'], ['aegl 2', 'footprint-2'], ['ERPG-1', 'footprint-1'], ['where it smells', 'footprint-0']])('%s looks like %s', (label, look) =>
  expect(lookOf(extent('footprint', { label }))).toBe(look));

it('tells the inner region from the outer, and draws what it does not know', () => {
  expect([0.5, 0.9, undefined].map((probability) => lookOf(extent('region', { ...(probability && { probability }) })))).toEqual(['region-inner', 'region-outer', 'region-outer']);
  expect([kindOf(extent('cordon')), lookOf(extent('cordon'))]).toEqual(['other', 'other']);
});

it('says a level, or the probabilities that it was told', () => {
  const shares = [0.95, 0.9].map((probability) => told(extent('ellipse', { probability })));
  expect([lookWord('ellipse-outer', shares), lookWord('ellipse-inner', shares), lookWord('footprint-2', []), lookWord('plume', [])]).toEqual(['90, 95 %', '', 'level 2', '']);
});

it('offers moments only where there are several', () => {
  const at = [1000, 1300, 1600, 2800].map((time) => told(extent('plume', { at: time })));
  expect(stepsOf(at)).toEqual([0, 5, 10, 30]);
  expect(stepsOf([told(extent('plume', { at: 1003 })), told(extent('isolation'))])).toEqual([]);
  expect(stepOf(told(extent('path', { at: 400 })))).toBe(0);
  expect([0, 5].map(stepWord)).toEqual(['now', '+5 min']);
});

it('is louder about regions that are old', () => {
  expect([21, 300].map((age) => agedWord(age, `${age} s`))).toEqual(['worked out 21 s ago', 'Old: worked out 300 s ago, and nothing newer came']);
});

it('lists the moments of a kind in their order', () => {
  const plumes = [1600, 1000, 1300].map((at) => extent('plume', { label: String(at), at }));
  expect(labels(extentsOf(incident([part('a', 1000, { extents: plumes })])))).toEqual(['1000', '1300', '1600']);
});

it('shows at a moment what is told for it, else what was last told of that kind', () => {
  const all = [
    told(extent('isolation', { label: 'circle' })), told(extent('footprint', { label: 'AEGL-2', at: 1000 })),
    told(extent('plume', { label: 'p0', at: 1000 })), told(extent('plume', { label: 'p5', at: 1300 })), told(extent('plume', { label: 'p30', at: 2800 })),
  ];
  expect([0, 5, 10, 30].map((step) => labels(atStep(all, step)))).toEqual([['circle', 'AEGL-2', 'p0'], ['circle', 'AEGL-2', 'p5'], ['circle', 'AEGL-2', 'p5'], ['circle', 'AEGL-2', 'p30']]);
});

it('takes of each name the newest figure', () => {
  const figure = (value: number): Figure => ({ name: 'released amount', value, unit: 'kg' });
  const rows = figuresOf(incident([part('b', 20, { figures: [figure(2)], detector: 'd' }), part('a', 10, { figures: [figure(1), { name: 'rate', value: 3, unit: 'kg/s' }] })]));
  expect(rows.map(({ figure: { name, value }, found, by }) => [name, value, found, by])).toEqual([['released amount', 2, 20, 'd'], ['rate', 3, 10, '']]);
});

it('knows advice from a finding', () => {
  const name = (text: string): boolean => advises({ name: text, value: 1, unit: 'nat' });
  expect(['next reading', 'further reading at the north gate', 'Advice'].map(name)).toEqual([true, true, true]);
  expect(['released amount', 'advised distance'].map(name)).toEqual([false, false]);
});

it.each([['uSv/h', 'µSv/h'], ['m2', 'm²'], ['mg/m3', 'mg/m³'], ['[ppm]', 'ppm'], ['{counts}/s', 'counts/s'], ['Cel', '°C'], ['deg', '°'], ['1', ''], ['kg/s', 'kg/s'], ['ug/m3', 'µg/m³'], ['MBq', 'MBq'], ['m/s', 'm/s'], ['us', 'µs'], ['1/s', 'per s'], ['persons', 'persons']])(
  'the unit %s is written %s', (code, word) => expect(unitWord(code)).toBe(word));

it.each([[0, '0'], [0.04321, '0.0432'], [4.2, '4.2'], [12_345, '12\u202f300'], [-3.14159, '−3.14'], [3.7e9, '3.7 × 10⁹'], [2e-7, '2 × 10⁻⁷'], [Number.NaN, 'not known']])('%d is written %s', (value, text) => expect(number(value)).toBe(text));

it('writes a unit once in an interval', () => {
  expect([interval(3, 40, 'kg'), interval(undefined, 40, 'kg'), interval(3, undefined, 'kg'), interval(undefined, undefined, 'kg')]).toEqual(['3 to 40\u00a0kg', 'at most 40\u00a0kg', 'at least 3\u00a0kg', null]);
  expect(amount(30, 'deg')).toBe('30°');
});

it('groups outlines into polygons with holes and islands', () => {
  const [outer, hole, island, apart] = [square(1), square(0.6, 0.2, 0.2), square(0.2, 0.4, 0.4), square(1, 5, 5)];
  expect(polygonsOf([hole, outer, apart, island])).toEqual([[outer, hole], [apart], [island]]);
  expect(polygonsOf([[[0, 0]]])).toEqual([]);
});

it('measures regions', () => {
  const side = 111.195;
  expect(areaOf([square(0.001)])).toBeCloseTo(side ** 2, 0);
  expect(areaOf([square(0.001), square(0.0005, 0.0002, 0.0002)])).toBeCloseTo(side ** 2 * 0.75, 0);
  expect(widthOf([square(0.001)])).toBeCloseTo(side * Math.SQRT2, 0);
  expect(lengthOf([[[0, 0], [0.001, 0], [0.001, 0.001]]])).toBeCloseTo(2 * side, 0);
  expect([inside([0.5, 0.5], square(1)), inside([1.5, 0.5], square(1))]).toEqual([true, false]);
});

it('says sizes as people do', () => {
  expect([420, 32_000, 1_400_000].map(areaWord)).toEqual(['420\u00a0m²', '3.2\u00a0ha', '1.4\u00a0km²']);
  expect([84, 1234].map(lengthWord)).toEqual(['84\u00a0m', '1.23\u00a0km']);
  expect(sizeWord(told(extent('path', { rings: [[[0, 0], [0.001, 0]]] })))).toBe('110\u00a0m');
});

it('says how sure it is, and what is known least', () => {
  const figure = (name: string, low: number, high: number) => ({ figure: { name, value: 10, unit: 'kg', low, high }, found: 0, by: '' });
  const said = sureWords([told(extent('region', { probability: 0.9 })), told(extent('plume'))], [figure('amount', 3, 40), figure('rate', 9, 11)]);
  expect(said).toEqual(['90\u00a0% sure that it lies in 1.24\u00a0ha, 160\u00a0m at the widest.', 'Known least: amount, 10\u00a0kg, with 90\u00a0% from 3 to 40\u00a0kg.']);
  expect(sureWords([], [])).toEqual([]);
});

it('draws regions of other incidents faintly, and no kind that is switched off', () => {
  const all = [told(extent('plume')), { ...told(extent('isolation')), of: 'j' }, told(extent('path', { rings: [[[0, 0], [1, 1]]] }))];
  const drawn = (opened: string | null, hidden: 'plume'[] = []) => extentFeatures(all, opened, new Set(hidden)).features.map(({ geometry, properties }) => [geometry.type, properties?.look, properties?.faint]);
  expect(drawn('i')).toEqual([['MultiPolygon', 'plume', false], ['MultiPolygon', 'isolation', true], ['MultiLineString', 'path', false]]);
  expect(drawn(null, ['plume'])).toEqual([['MultiPolygon', 'isolation', false], ['MultiLineString', 'path', false]]);
});

it('draws a sensor by its family when the map is near, and by its trouble always', () => {
  const place = { lon: 0, lat: 0 };
  const rows = [{ id: 'c', family: 'radiation', last_at: 100 }, { id: 'g', family: 'gas', condition: 'silent' as const }, { id: 'x', family: 'other', last_at: 100 }];
  const marks = sensorFeatures(rows.map((row) => sensorFrom({ ...row, place })), 110, 'c').features.map(({ properties }) => [properties?.mark, properties?.near]);
  expect(marks).toEqual([['dot-chosen', 'family-radiation-chosen'], ['dashed', 'dashed'], ['dot', 'dot']]);
});
