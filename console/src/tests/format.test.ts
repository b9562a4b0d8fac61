// Numbers as people read them.
import { expect, it } from 'vitest';
import { bearing, bytes, count, countdown, intrusion, many, nats, score, span, utc } from '../model/format';
import { doorsOf, loadWord, quietWords, tens } from '../model/load';
import { systemFrom } from '../model/wire';

it.each([[0, '0 s'], [-3, '0 s'], [4.4, '4 s'], [119, '119 s'], [120, '2 min'], [7199, '119 min'], [7500, '2 h 05 min'], [200_000, '2 d']])('a span of %d s is %s', (s, text) => expect(span(s)).toBe(text));
it.each([[0, '0:00'], [59.2, '1:00'], [299, '4:59'], [3899, '1:04:59']])('a countdown of %d s is %s', (s, text) => expect(countdown(s)).toBe(text));
it.each([[5.2134, '+5.213'], [-0.4, '-0.400'], [0, '0.000'], [-0.0001, '0.000']])('%d nats are %s', (value, text) => expect(nats(value)).toBe(text));
it.each([[0.999, '> 0.99'], [0.001, '< 0.01'], [0.5, '0.50']])('a score of %d is %s', (value, text) => expect(score(value)).toBe(text));
it.each([[0, '0 B'], [1023, '1023 B'], [1536, '1.5 KiB'], [88_000_000, '83.9 MiB']])('%d bytes are %s', (n, text) => expect(bytes(n)).toBe(text));
it.each([[0, '000° N'], [359.9, '000° N'], [-45, '315° NW'], [224, '224° SW']])('a bearing of %d is %s', (degrees, text) => expect(bearing(degrees)).toBe(text));

it('groups thousands', () => expect(count(1_234_567)).toBe('1\u202f234\u202f567'));
it('says one person and three persons', () => expect([many(1, 'person'), many(3, 'person'), many(2, 'person', 'people')]).toEqual(['1 person', '3 persons', '2 people']));
it('names what was not spent', () => expect([intrusion(0), intrusion(3.25)]).toEqual(['no intrusion', '3.3 person-s × level']));
it('writes UTC for the hover', () => expect(utc(0)).toBe('1970-01-01 00:00:00 UTC'));

it('sums minutes into tens that end with the last minute', () => {
  const minutes = Array.from({ length: 25 }, (_, i) => ({ at: i * 60, count: 1 }));
  expect(tens(minutes)).toEqual([{ at: 0, count: 5 }, { at: 300, count: 10 }, { at: 900, count: 10 }]);
});

it('calls a flood a flood', () => expect([1, 2, 11].map((n) => loadWord(n, 1))).toEqual(['within the limit', 'over the limit', 'flood']));

it('says who watches while all is quiet', () => {
  const system = systemFrom({ reporting: [{ family: 'camera', reporting: 214, total: 221 }, { family: 'gas', reporting: 18, total: 18 }] });
  expect(quietWords(system)).toEqual(['214 of 221 cameras, 18 of 18 gas sensors reporting.', 'No alarm so far.']);
});

it.each([
  ['tcp 127.0.0.1:5020', 'from this machine alone'], ['tcp+tls [::1]:5020', 'from this machine alone'],
  ['udp 0.0.0.0:5020', 'from every network, not encrypted'], ['tcp+tls 10.0.0.5:5020', 'from its network, encrypted'],
])('the address %s is reached %s', (said, reached) => {
  const [transport, address] = said.split(' ');
  expect(doorsOf(said)).toEqual([{ transport, address, reached }]);
});

it('reads every address, and none', () => expect(['tcp a:1, udp a:1', ''].map((said) => doorsOf(said).length)).toEqual([2, 0]));
