// What is said of a screening lane.
import { expect, it } from 'vitest';
import { rateWord, waiting, type Lane } from '../model/lanes';

const lane = (more: Partial<Lane>): Lane => ({ id: 'x', name: 'x', since: 0, last_at: 0, ...more });

it('says what waits', () => expect([lane({}), lane({ alarms: 3, resolved: 1, confirmed: 1 }), lane({ alarms: 1, resolved: 2 })].map(waiting)).toEqual([0, 1, 0]));

it('never gives a rate without its bound', () => {
  expect(rateWord(lane({ false_rate: 0.004, false_rate_max: 0.01259 }))).toBe('0.4\u00a0%, at most 1.3\u00a0%');
  expect(rateWord(lane({ false_rate: 0, false_rate_max: 0.03 }))).toBe('0\u00a0%, at most 3\u00a0%');
  expect(rateWord(lane({ alarms: 3 }))).toMatch(/^not known/);
});
