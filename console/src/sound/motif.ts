// Two short motifs that can be told apart, and how loud they may be by now.
import { rings } from '../model/cases';
import type { Finding, Incident } from '../model/wire';

export interface Tone {
  at_s: number;
  hz: number;
  length_s: number;
}

/** Life in danger: three quick rising pairs. High: one slow falling fifth. Different in rhythm, direction and pitch. */
export const MOTIFS: Record<0 | 1, Tone[]> = {
  0: [0, 0.36, 0.72].flatMap((start) => [
    { at_s: start, hz: 988, length_s: 0.13 },
    { at_s: start + 0.15, hz: 1319, length_s: 0.15 },
  ]),
  1: [
    { at_s: 0, hz: 659, length_s: 0.32 },
    { at_s: 0.38, hz: 440, length_s: 0.5 },
  ],
};

/** Seconds from one start of a motif to the next. */
export const EVERY_S: Record<0 | 1, number> = { 0: 4, 1: 8 };

const QUIET = 0.12;
const LOUD = 0.8;
const RISE_S = 90;

/** Loudness after so many seconds without an acknowledgement: slowly from quiet to loud. */
export function volume(waited_s: number): number {
  const share = Math.min(1, Math.max(0, waited_s / RISE_S));
  return QUIET + (LOUD - QUIET) * share;
}

/** What must sound now: the highest priority that waits, and since when; null for silence. */
export function ringing(incidents: Iterable<Incident>, raw: Iterable<Finding>): { priority: 0 | 1; since: number } | null {
  const waiting = [...incidents].filter(rings).map((one) => ({ priority: one.priority as 0 | 1, since: one.since }));
  const all = [...waiting, ...[...raw].map((finding) => ({ priority: 0 as const, since: finding.heard ?? finding.at }))];
  if (!all.length) return null;
  const priority = Math.min(...all.map((one) => one.priority)) as 0 | 1;
  const since = Math.min(...all.filter((one) => one.priority === priority).map((one) => one.since));
  return { priority, since };
}
