// The draft of a public warning: read from the proposal's JSON, written back after an edit.
import type { Position, Proposal } from './wire';

export interface WarningText {
  headline: string;
  description: string;
  instruction: string;
}

export interface Warning extends WarningText {
  event: string;
  urgency: string;
  severity: string;
  certainty: string;
  area: { name: string; polygon: Position[] };
  languages: Record<string, WarningText>;
  status: string;
  msgType: string;
  expires: number | null;
}

const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null;
const text = (from: Record<string, unknown>, key: string): string => (typeof from[key] === 'string' ? from[key] : '');

function textsFrom(value: Record<string, unknown>): WarningText {
  return { headline: text(value, 'headline'), description: text(value, 'description'), instruction: text(value, 'instruction') };
}

function parsed(draft: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(draft);
    return isRecord(value) ? value : null;
  } catch {
    return null;
  }
}

function areaFrom(value: unknown): Warning['area'] {
  const area = isRecord(value) ? value : {};
  const ring = Array.isArray(area.polygon) ? (area.polygon as unknown[]) : [];
  const isPoint = (point: unknown): point is Position => Array.isArray(point) && point.length >= 2 && point.every(Number.isFinite);
  return { name: text(area, 'name'), polygon: ring.filter(isPoint).map((point) => [point[0], point[1]]) };
}

/** The warning in a proposal's draft; null where the draft is no warning. */
export function warningFrom(proposal: Proposal): Warning | null {
  const draft = parsed(proposal.draft);
  if (!draft || !('area' in draft)) return null;
  const given = isRecord(draft.languages) ? Object.entries(draft.languages).filter((entry): entry is [string, Record<string, unknown>] => isRecord(entry[1])) : [];
  return {
    ...textsFrom(draft),
    event: text(draft, 'event'),
    urgency: text(draft, 'urgency'),
    severity: text(draft, 'severity'),
    certainty: text(draft, 'certainty'),
    area: areaFrom(draft.area),
    languages: Object.fromEntries(given.map(([name, value]) => [name, textsFrom(value)])),
    status: text(draft, 'status'),
    msgType: text(draft, 'msgType'),
    expires: typeof draft.expires === 'number' ? draft.expires : null,
  };
}

/** The draft with new texts in one language; everything else is kept as it was. */
export function withTexts(proposal: Proposal, language: string, texts: WarningText): string {
  const draft = parsed(proposal.draft) ?? {};
  const languages = isRecord(draft.languages) ? draft.languages : {};
  const before = isRecord(languages[language]) ? languages[language] : {};
  return JSON.stringify({ ...draft, languages: { ...languages, [language]: { ...before, ...texts } } });
}

const NAMES: Record<string, string> = { en: 'English', fi: 'Suomi', sv: 'Svenska' };

/** A language by its own name. */
export const languageName = (code: string): string => NAMES[code] ?? code;
