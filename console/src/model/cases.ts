// Questions about incidents: which stand open, in which order, which must sound, what a row says.
import type { Incident, Proposal, Stage } from './wire';

export type ListView = 'open' | 'shelved' | 'closed';

const STATES: Record<ListView, readonly string[]> = {
  open: ['open', 'returned', 'acknowledged'],
  shelved: ['shelved'],
  closed: ['closed', 'merged'],
};

/** Nobody has taken it yet. */
export const unacknowledged = (incident: Incident): boolean => incident.state === 'open' || incident.state === 'returned';

/** It is neither closed nor merged into another. */
export const goesOn = (incident: Incident): boolean => incident.state !== 'closed' && incident.state !== 'merged';

/** It must sound and pulse: priority 0 or 1, and nobody has taken it. */
export const rings = (incident: Incident): boolean => incident.priority <= 1 && unacknowledged(incident);

function before(a: Incident, b: Incident): number {
  return a.priority - b.priority || Number(unacknowledged(b)) - Number(unacknowledged(a)) || b.since - a.since || a.id.localeCompare(b.id);
}

/** One text that a filter searches: title, place, people, state, subjects. */
export function searchable(incident: Incident): string {
  const stages = incident.stages.flatMap((stage) => [stage.title, stage.kind, stage.subject ?? '']);
  const place = [incident.place?.name ?? '', incident.place?.zone ?? ''];
  return [incident.id, incident.title, incident.sentence, incident.assignee, incident.state, ...place, ...stages].join(' ').toLowerCase();
}

/** Incidents of one view that hold every word of the filter, most urgent first. */
export function listed(incidents: Iterable<Incident>, view: ListView, filter = ''): Incident[] {
  const words = filter.toLowerCase().split(/\s+/).filter(Boolean);
  return [...incidents]
    .filter((incident) => STATES[view].includes(incident.state))
    .filter((incident) => words.every((word) => searchable(incident).includes(word)))
    .sort(before);
}

/** The stage whose score is the incident's score: the most urgent, and of these the likeliest. */
export function weightiest(incident: Incident): Stage | undefined {
  return [...incident.stages].sort((a, b) => a.priority - b.priority || b.log_odds - a.log_odds || b.id.localeCompare(a.id))[0];
}

/** The row after or before the chosen one; the first where none is chosen. */
export function step(ids: readonly string[], chosen: string | null, by: 1 | -1): string | null {
  const at = chosen === null ? -1 : ids.indexOf(chosen);
  if (at < 0) return ids[0] ?? null;
  return ids[Math.min(ids.length - 1, Math.max(0, at + by))] ?? null;
}

const FINISHED = ['rejected', 'cancelled', 'canceled', 'all-clear', 'all clear', 'expired', 'withdrawn', 'superseded'];
const OUT = ['sent', 'approved', 'updated', 'delivered'];

/** Where a proposal stands: it waits for a person, it is out, or its life is over. */
export function standing(proposal: Proposal): 'waiting' | 'out' | 'over' {
  if (FINISHED.includes(proposal.state)) return 'over';
  return OUT.includes(proposal.state) || proposal.automatic ? 'out' : 'waiting';
}

/** Proposals of one incident: those that wait for a person first. */
export function proposalsOf(proposals: Iterable<Proposal>, incident: string): Proposal[] {
  const order = { waiting: 0, out: 1, over: 2 };
  return [...proposals].filter((one) => one.incident === incident).sort((a, b) => order[standing(a)] - order[standing(b)] || b.at - a.at);
}
