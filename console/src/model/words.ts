// Plain words for codes: priorities, families, verbs, hazards.
import type { Basis, Contribution, Priority, Verdict } from './wire';

export const PRIORITY: Record<Priority, { word: string; shape: string }> = {
  0: { word: 'Life in danger', shape: 'octagon' },
  1: { word: 'High', shape: 'triangle' },
  2: { word: 'Medium', shape: 'diamond' },
  3: { word: 'Low', shape: 'circle' },
};

export const BASIS: Record<Basis, string> = {
  measured: 'measured',
  counted: 'counted in a back-test',
  default: 'default, not measured',
};

export const ROLE: Record<Contribution['role'], string> = {
  prior: 'how often this happens at all',
  for: 'speaks for',
  against: 'speaks against',
  context: 'context',
};

export const VERDICTS: { key: string; verdict: Verdict; label: string }[] = [
  { key: 't', verdict: 'true', label: 'True: it was real' },
  { key: 'b', verdict: 'benign cause', label: 'Benign: real signal, harmless cause' },
  { key: 'f', verdict: 'false', label: 'False: nothing was there' },
  { key: 'u', verdict: 'unknown', label: 'Unknown: could not be settled' },
];

export const SHELVES: { key: string; minutes: number; label: string }[] = [
  { key: '1', minutes: 15, label: '15 minutes' },
  { key: '2', minutes: 60, label: '1 hour' },
  { key: '3', minutes: 240, label: '4 hours' },
  { key: '4', minutes: 475, label: 'Rest of the shift (8 hours)' },
];

const FAMILY: Record<string, string> = {
  camera: 'cameras',
  gas: 'gas sensors',
  radiation: 'radiation counters',
  crowd: 'crowd counters',
  wind: 'wind stations',
  network: 'network sensors',
  contact: 'contacts',
  sound: 'microphones',
  screening: 'screening lanes',
  feed: 'feeds',
};

/** The plural by which people call a family of sensors. */
export const familyWord = (family: string): string => FAMILY[family] ?? `${family} sensors`;

const VERB: Record<string, string> = {
  acknowledge: 'acknowledged',
  unacknowledge: 'took back the acknowledgement',
  shelve: 'shelved',
  unshelve: 'unshelved',
  assign: 'assigned to',
  note: 'noted',
  'hand-over': 'handed over to',
  merge: 'merged',
  split: 'split off',
  close: 'closed',
  reopen: 'reopened',
  approve: 'approved',
  edit: 'words changed',
  reject: 'rejected',
  update: 'update drafted',
  cancel: 'cancellation drafted',
  'all-clear': 'all-clear drafted',
  accept: 'accepted',
  test: 'under test',
  maintenance: 'in maintenance',
  'in-service': 'back in service',
  aim: 'aimed',
};

/** What somebody did, in the past tense. */
export const didWord = (verb: string): string => VERB[verb] ?? verb;

/** Which world a stage belongs to; drawn as a glyph in the chain. */
export function realm(kind: string): 'cyber' | 'physical' {
  return /^(cyber|network|ids|tamper)/.test(kind) ? 'cyber' : 'physical';
}
