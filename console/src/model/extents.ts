// What findings draw on the map: which regions are the newest, how each kind looks and is called, and at which moment it holds.
import type { Contribution, Extent, Figure, Finding, Incident } from './wire';

export const KINDS = ['isolation', 'protective-action', 'footprint', 'plume', 'region', 'ellipse', 'path', 'advice', 'error', 'other'] as const;
export type Kind = (typeof KINDS)[number];

export const KIND_WORD: Record<Kind, string> = {
  isolation: 'Initial isolation',
  'protective-action': 'Protective action',
  footprint: 'Footprint',
  plume: 'Plume',
  region: 'Probable place',
  ellipse: 'Error ellipse',
  path: 'Path',
  advice: 'Look here next',
  error: 'Expected error',
  other: 'Other area',
};

/** A kind, with what must be told apart within it: three footprint levels, the inner and the outer region. */
export type Look = Exclude<Kind, 'footprint' | 'region' | 'ellipse'> | `footprint-${0 | 1 | 2 | 3}` | `${'region' | 'ellipse'}-${'inner' | 'outer'}`;

/** A region with the finding that it comes from: `of` is the incident or raw finding, `found` when it was concluded. */
export interface Told {
  of: string;
  finding: string;
  found: number;
  extent: Extent;
}

/** A label as a line of its own. */
export const titled = (label: string): string => label.slice(0, 1).toUpperCase() + label.slice(1);

const isKind = (name: string): name is Kind => KINDS.includes(name as Kind);

/** What a region means; kinds that this console does not know are drawn all the same. */
export const kindOf = (extent: Extent): Kind => (isKind(extent.kind) ? extent.kind : 'other');

/** AEGL-3 or ERPG-3 is 3; 0 where the label names no level. */
const gradeOf = (label: string): 0 | 1 | 2 | 3 => Number(label.match(/\b(?:AEGL|ERPG|TEEL|PAC)[-\s]?([123])\b/i)?.[1] ?? 0) as 0 | 1 | 2 | 3;

/** The share up to which a region is the inner one. */
const INNER_MAX = 0.68;

/** How a region is drawn. */
export function lookOf(extent: Extent): Look {
  const kind = kindOf(extent);
  if (kind === 'footprint') return `footprint-${gradeOf(extent.label)}`;
  if (kind === 'region' || kind === 'ellipse') return `${kind}-${(extent.probability ?? 1) <= INNER_MAX ? 'inner' : 'outer'}`;
  return kind;
}

const GRADE_WORD: Partial<Record<Look, string>> = { 'footprint-0': 'exceeded', 'footprint-1': 'level 1', 'footprint-2': 'level 2', 'footprint-3': 'level 3' };

/** What tells a look from others of its kind: a level, or the probabilities with which something lies in it. */
export function lookWord(look: Look, told: readonly Told[]): string {
  const shares = told.filter(({ extent }) => lookOf(extent) === look && extent.probability !== undefined).map(({ extent }) => Math.round((extent.probability ?? 0) * 100));
  const distinct = [...new Set(shares)].sort((a, b) => a - b);
  return GRADE_WORD[look] ?? (distinct.length ? `${distinct.join(', ')} %` : '');
}

type Part = Pick<Contribution, 'id' | 'at' | 'extents'>;

const newer = (a: Part, b: Part): boolean => a.at > b.at || (a.at === b.at && a.id > b.id);

/** Of each kind the regions of the newest finding: what an earlier one thought is history. */
function newest(of: string, parts: readonly Part[]): Told[] {
  const last = new Map<Kind, Part>();
  for (const part of parts)
    for (const kind of new Set((part.extents ?? []).map(kindOf))) {
      const known = last.get(kind);
      if (!known || newer(part, known)) last.set(kind, part);
    }
  return KINDS.flatMap((kind) => {
    const part = last.get(kind);
    const mine = (part?.extents ?? []).filter((extent) => kindOf(extent) === kind).sort((a, b) => (a.at ?? 0) - (b.at ?? 0));
    return mine.map((extent) => ({ of, finding: part?.id ?? '', found: part?.at ?? 0, extent }));
  });
}

/** The regions of an incident, stage by stage. */
export const extentsOf = (incident: Incident): Told[] => incident.stages.flatMap((stage) => newest(incident.id, stage.contributions));

/** The regions of raw findings that no incident has taken over. */
export const rawExtents = (raw: Iterable<Finding>): Told[] => [...raw].flatMap((finding) => newest(finding.id, [finding]));

/** How many minutes after its finding a region holds; null where it holds at any time. */
export const stepOf = ({ extent, found }: Told): number | null => (extent.at === undefined ? null : Math.max(0, Math.round((extent.at - found) / 60)));

/** Seconds after which regions that change with time are old. */
export const OLD_S = 120;

/** When regions were worked out, louder once that is long ago. */
export const agedWord = (age_s: number, text: string): string => (age_s > OLD_S ? `Old: worked out ${text} ago, and nothing newer came` : `worked out ${text} ago`);

/** The moments that can be chosen, in minutes; none where there is nothing to choose. */
export function stepsOf(told: readonly Told[]): number[] {
  const steps = [...new Set(told.map(stepOf))].filter((step) => step !== null).sort((a, b) => a - b);
  return steps.length > 1 ? steps : [];
}

/** now, +5 min, +90 min. */
export const stepWord = (step: number): string => (step === 0 ? 'now' : `+${step} min`);

/** What holds at a step: of each kind what is told for it, else for the last moment before. */
export function atStep(told: readonly Told[], step: number): Told[] {
  const last = new Map<string, number>();
  const series = ({ of, extent }: Told): string => `${of} ${kindOf(extent)}`;
  for (const one of told) {
    const own = stepOf(one);
    if (own !== null && own <= step) last.set(series(one), Math.max(own, last.get(series(one)) ?? 0));
  }
  return told.filter((one) => [null, last.get(series(one))].includes(stepOf(one)));
}

export interface FigureRow {
  figure: Figure;
  found: number;
  by: string;
}

/** Of each name the figure of the newest finding, in the order of telling. */
export function figuresOf(incident: Incident): FigureRow[] {
  const rows = new Map<string, FigureRow & { part: Contribution }>();
  for (const stage of incident.stages)
    for (const part of stage.contributions)
      for (const figure of part.figures ?? []) {
        const key = `${stage.id} ${figure.name}`;
        const known = rows.get(key);
        if (!known || newer(part, known.part)) rows.set(key, { figure, found: part.at, by: part.detector || part.source || '', part });
      }
  return [...rows.values()];
}

const ADVICE = /\b(advice|(next|further) (reading|look|measurement)|where to (look|measure)|information gain)/i;

/** Whether a figure says what further reading would tell most, and not how things are. */
export const advises = (figure: Figure): boolean => ADVICE.test(figure.name);
