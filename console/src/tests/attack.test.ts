// How far an attack has come, over all stages.
import { expect, it } from 'vitest';
import { attacked, attackers, steps, victims } from '../model/attack';
import { incidentFrom, type Stage } from '../model/wire';

const stage = (more: Partial<Stage>): Stage => ({ id: 's', hazard: 'cyber', kind: 'cyber.scan', title: 't', log_odds: 1, contributions: [], since: 0, last: 0, priority: 2, ...more });

it('tells each tactic once, when it was first seen, with all its techniques', () => {
  const incident = incidentFrom({ stages: [
    stage({ reached: [{ tactic: 'impact', name: 'impact', since: 30 }, { tactic: 'discovery', name: 'discovery', since: 20, techniques: ['T0846'] }] }),
    stage({ reached: [{ tactic: 'discovery', name: 'discovery', since: 10, techniques: ['T0840'] }] }),
  ] });
  expect(steps(incident).map(({ tactic, since, techniques }) => [tactic, since, techniques])).toEqual([['discovery', 10, ['T0840', 'T0846']], ['impact', 30, []]]);
});

it('names attackers and victims, and how many more there are', () => {
  const incident = incidentFrom({ stages: [stage({ actors: ['10.0.0.7'], targets: ['a', 'b'], targets_count: 14 })] });
  expect(attackers(incident)).toEqual({ names: ['10.0.0.7'], more: 0 });
  expect(victims(incident)).toEqual({ names: ['a', 'b'], more: 12 });
});

it('sees no attack in a leak', () => expect(attacked(incidentFrom({ stages: [stage({ kind: 'cbrne.toxic' })] }))).toBe(false));
