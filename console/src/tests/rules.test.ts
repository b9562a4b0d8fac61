// Rules for people: fields that matched, pieces of text, ends of tunings, exceptions.
import { expect, it } from 'vitest';
import { cellsOf, digestOf, fromLocalInput, localInput, marksOf, moment, pairsOf, pieces, problemOf, rulesWith, spansOf, stateWords, tokensIn, tuned, untilTrouble, whereOf } from '../model/rules';
import type { Mark, Matched, Reading, RuleLine } from '../model/wire';

const NOW = 1_800_000_000;
const image: Mark = { field: 'Image', native: 'Image', values: ['C:\\nc.exe'], wanted: ['\\nc.exe'] };
const reading = (id: string, ...matched: Matched[]): Reading => ({ id, at: NOW, source: 'ids', text: 't', matched });
const rule = (more: Partial<RuleLine> = {}): RuleLine => ({ id: 'r', title: 'A door is forced', level: 'high', family: 'cyber', path: 'rules/a.yml', line: 1, ...more });

it.each([
  [NOW + 60, ''], [NOW, 'That is over already.'], [NaN, 'Choose a day and a time.'],
  [NOW + 91 * 86_400, 'At most 90 days: then somebody has to look again.'], [NOW + 90 * 86_400, ''],
])('an end at %d: %s', (until, trouble) => expect(untilTrouble(until, NOW)).toBe(trouble));

it('gives a day back as it was shown, to the minute', () => expect(fromLocalInput(localInput(NOW))).toBe(NOW - (NOW % 60)));
it('finds no time in an empty field', () => expect(untilTrouble(fromLocalInput(''), NOW)).not.toBe(''));
it('names the day where it is not today', () => {
  expect(moment(NOW, NOW)).toMatch(/^\d\d:\d\d today$/);
  expect(moment(NOW + 7 * 86_400, NOW)).toMatch(/^\d{1,2} Jan, \d\d:\d\d$/);
});

it.each([
  [rule(), 'in force', false], [rule({ state: 'not fed' }), 'not fed', false],
  [rule({ exempt: [{ values: ['a=b'], until: NOW + 1, reason: 'r' }], state: 'in force with exceptions' }), 'in force, 1 exception', true],
])('says how a rule stands', (one, words, isTuned) => {
  expect(stateWords(one, NOW)).toBe(words);
  expect(tuned(one)).toBe(isTuned);
});
it('says until when a rule is suppressed', () => expect(stateWords(rule({ suppressed_until: NOW + 3600 }), NOW)).toMatch(/^suppressed until /));

it('gathers the marks of one rule over several readings, each value once', () => {
  const other: Matched = { rule: 'x', fields: [{ field: 'User' }] };
  const readings = [reading('1', { rule: 'r', digest: 'a', fields: [image] }, other), reading('2', { rule: 'r', digest: 'b', fields: [image, { ...image, values: ['D:\\nc.exe'] }] })];
  expect(marksOf(readings, 'r')).toEqual([{ ...image, values: ['C:\\nc.exe', 'D:\\nc.exe'] }]);
  expect(digestOf(readings, 'r')).toBe('b');
  expect(marksOf([], 'r')).toEqual([]);
  expect(digestOf([], 'r')).toBe('');
});
it('says why nothing can be marked', () => expect(problemOf([reading('1', { rule: 'r', problem: 'Gone.' })], 'r')).toBe('Gone.'));

it('offers what an exception can be made of', () => {
  const marks: Mark[] = [image, { field: '', wanted: ['evil'] }, { field: 'User', values: ['t:ab'], personal: true }, { field: 'Long', values: ['x'.repeat(5000), '', ' padded '] }];
  expect(pairsOf(marks).map(({ pair, personal }) => [pair, personal])).toEqual([['Image=C:\\nc.exe', false], ['User=t:ab', true]]);
});

it('shows what matched first, nested names dotted, lists as one', () => {
  const row = { at: 1, event_type: 'dns', dns: { rrname: 'x.example', answers: [{ rdata: '10.0.0.1' }] }, tags: ['a', 'b'], none: null, empty: [] };
  const marks: Mark[] = [{ field: 'answer', native: 'dns.answers.rdata', values: ['10.0.0.1'] }];
  expect(cellsOf(row, marks).map(({ name, value, matched }) => [name, value, matched])).toEqual([
    ['dns.answers.0.rdata', '10.0.0.1', true], ['event_type', 'dns', false], ['dns.rrname', 'x.example', false], ['tags', 'a, b', false],
  ]);
});
it('marks where a keyword was found', () => expect(cellsOf({ message: 'An EVIL word', host: 'x' }, [{ field: '', wanted: ['*evil*'] }]).map((cell) => cell.matched)).toEqual([true, false]));
it('does not fall into deep rows', () => {
  let deep: Record<string, unknown> = { end: 1 };
  for (let i = 0; i < 50; i++) deep = { inner: deep };
  expect(cellsOf(deep, [])).toHaveLength(1);
});

it('cuts a text at its spans, overlapping ones as one', () => {
  const told = pieces('a: b\nImage: x', [[1, 0, 5], [1, 3, 8]]);
  expect(told).toEqual([[{ text: 'a: b', matched: false }], [{ text: 'Image', matched: true }, { text: ': x', matched: true }]]);
});
it('loses no letter of a text', () => {
  const text = 'one\n\n  two: three\n';
  expect(pieces(text, [[0, 1, 2], [2, 2, 99]]).map((line) => line.map((piece) => piece.text).join('')).join('\n')).toBe(text);
});
it('gathers the spans of one part, each once', () => {
  const one: Matched = { rule: 'r', part: 'p', spans: [[1, 2, 3]] };
  expect(spansOf([reading('1', one), reading('2', one, { ...one, part: 'q', spans: [[9, 9, 9]] })], 'r', 'p')).toEqual([[1, 2, 3]]);
});

it('finds rules by any of their words', () => {
  const rules = [rule(), rule({ id: 's', title: 'A port scan', state: 'suppressed' })];
  expect(rulesWith(rules, 'door FORCED').map((one) => one.id)).toEqual(['r']);
  expect(rulesWith(rules, 'suppressed').map((one) => one.id)).toEqual(['s']);
  expect(rulesWith(rules, '')).toHaveLength(2);
});
it('lists what is tuned, what rang and what is the city\'s own first', () => {
  const rules = [rule({ id: 'a', path: 'content/sigma/rules/a.yml' }), rule({ id: 'b' }), rule({ id: 'c', hits: 3, path: 'content/c.yml' }), rule({ id: 'd', suppressed_until: NOW })];
  expect(rulesWith(rules, '').map((one) => one.id)).toEqual(['d', 'c', 'b', 'a']);
});
it('says where a file stumbles', () => expect([whereOf({ path: 'a.yml', line: 7, feature: '', reason: '' }), whereOf({ path: 'a.yml', line: 0, feature: '', reason: '' })]).toEqual(['a.yml:7', 'a.yml']));

it('finds the tokens of people, once each, and nothing of other fields', () => {
  const anna = 't:0123456789abcdef0123';
  const user: Mark = { field: 'User', values: [`CITY\\${anna}`, `${anna}@city.example`, 'SYSTEM'], personal: true };
  expect(tokensIn([user, { ...image, values: ['t:00000000000000000000'] }])).toEqual([anna]);
});
