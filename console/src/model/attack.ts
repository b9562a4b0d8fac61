// How far an attack has come, who acts and whom it hits: over all stages of an incident, in the order of time.
import type { Incident, Reached, Stage } from './wire';

/** The steps of an attack over all stages, each tactic once, in the order of time. */
export function steps(incident: Incident): Reached[] {
  const found = new Map<string, Reached>();
  for (const one of incident.stages.flatMap((stage) => stage.reached ?? []).sort((a, b) => a.since - b.since)) {
    const known = found.get(one.tactic);
    const techniques = [...new Set([...(known?.techniques ?? []), ...(one.techniques ?? [])])];
    found.set(one.tactic, { ...one, since: known?.since ?? one.since, techniques });
  }
  return [...found.values()];
}

export interface Named {
  names: string[];
  more: number;
}

/** Those named by any stage, and how many more there are at least. */
function named(stages: readonly Stage[], key: 'actors' | 'targets'): Named {
  const names = [...new Set(stages.flatMap((stage) => stage[key] ?? []))];
  const most = Math.max(0, ...stages.map((stage) => stage[`${key}_count`] ?? 0));
  return { names, more: Math.max(0, most - names.length) };
}

/** Those accused, the most suspected first. */
export const attackers = (incident: Incident): Named => named(incident.stages, 'actors');

/** Those whom it is done to. */
export const victims = (incident: Incident): Named => named(incident.stages, 'targets');

/** Whether there is an attack to speak of. */
export const attacked = (incident: Incident): boolean => steps(incident).length + attackers(incident).names.length + victims(incident).names.length > 0;
