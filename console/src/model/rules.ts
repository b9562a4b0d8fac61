// Rules for people: which fields matched, where in the text that stands, how a rule is tuned and until when.
import type { Mark, Reading, Refused, RuleLine, Span } from './wire';

/** Longest that a tuning holds: somebody has to look again. */
export const UNTIL_S_MAX = 90 * 86_400;

/** Longest `field=value` that the server takes. */
export const PAIR_CHARS_MAX = 4000;

export const UNTILS: { label: string; span_s: number }[] = [
  { label: '1 hour', span_s: 3600 },
  { label: '8 hours', span_s: 8 * 3600 },
  { label: '7 days', span_s: 7 * 86_400 },
];

/** What is wrong with an end; empty where nothing is. */
export function untilTrouble(until: number, now: number): string {
  if (!Number.isFinite(until)) return 'Choose a day and a time.';
  if (until <= now) return 'That is over already.';
  return until > now + UNTIL_S_MAX ? 'At most 90 days: then somebody has to look again.' : '';
}

/** Seconds UTC as a datetime-local input wants it, in the reader's own time zone. */
export function localInput(at: number): string {
  const d = new Date(at * 1000);
  const two = (n: number): string => String(n).padStart(2, '0');
  return `${d.getFullYear()}-${two(d.getMonth() + 1)}-${two(d.getDate())}T${two(d.getHours())}:${two(d.getMinutes())}`;
}

/** The other way round; NaN for what is no time. */
export const fromLocalInput = (text: string): number => new Date(text).getTime() / 1000;

/** A day and a time that may lie far ahead: 14:02 today, else 24 Nov, 14:02. */
export function moment(at: number, now: number): string {
  const d = new Date(at * 1000);
  const time = `${String(d.getHours()).padStart(2, '0')}:${String(d.getMinutes()).padStart(2, '0')}`;
  if (d.toDateString() === new Date(now * 1000).toDateString()) return `${time} today`;
  const month = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'][d.getMonth()];
  return `${d.getDate()} ${month}, ${time}`;
}

/** Whether anybody tuned it. */
export const tuned = (rule: RuleLine): boolean => Boolean(rule.suppressed_until || rule.exempt?.length);

/** The state of a rule in a few words. */
export function stateWords(rule: RuleLine, now: number): string {
  if (rule.suppressed_until) return `suppressed until ${moment(rule.suppressed_until, now)}`;
  if (rule.exempt?.length) return `in force, ${rule.exempt.length} ${rule.exempt.length === 1 ? 'exception' : 'exceptions'}`;
  return rule.state ?? 'in force';
}

/** The marks of one rule over several readings, each field once with all its values. */
export function marksOf(readings: readonly Reading[], rule: string): Mark[] {
  const found = new Map<string, Mark>();
  for (const mark of readings.flatMap((one) => one.matched ?? []).filter((one) => one.rule === rule).flatMap((one) => one.fields ?? [])) {
    const known = found.get(mark.field) ?? { ...mark, values: [], wanted: [] };
    const all = (key: 'values' | 'wanted'): string[] => [...new Set([...(known[key] ?? []), ...(mark[key] ?? [])])];
    found.set(mark.field, { ...known, values: all('values'), wanted: all('wanted') });
  }
  return [...found.values()];
}

/** The tokens in the place of names that fields of people hold. */
export function tokensIn(marks: readonly Mark[]): string[] {
  const values = marks.filter((one) => one.personal).flatMap((one) => one.values ?? []);
  return [...new Set(values.flatMap((value) => value.match(/t:[0-9a-f]{20}/g) ?? []))];
}

/** The digest of the rules that read the newest of these readings; empty where none is known. */
export function digestOf(readings: readonly Reading[], rule: string): string {
  const known = readings.flatMap((one) => (one.matched ?? []).filter((part) => part.rule === rule && part.digest));
  return known.at(-1)?.digest ?? '';
}

/** Why the fields of a rule cannot be marked, where they cannot; empty where they can. */
export const problemOf = (readings: readonly Reading[], rule: string): string =>
  readings.flatMap((one) => one.matched ?? []).find((one) => one.rule === rule && one.problem)?.problem ?? '';

export interface Pair {
  pair: string;
  field: string;
  value: string;
  personal: boolean;
}

/** What an exception can be made of: the matched fields with their values, as the server takes them. */
export function pairsOf(marks: readonly Mark[]): Pair[] {
  const all = marks.filter((mark) => mark.field).flatMap((mark) => (mark.values ?? []).map((value) => ({ mark, value })));
  return all
    .map(({ mark, value }) => ({ pair: `${mark.field}=${value}`, field: mark.field, value, personal: Boolean(mark.personal) }))
    .filter(({ pair, value }) => value !== '' && value === value.trim() && pair.length <= PAIR_CHARS_MAX);
}

export interface Cell {
  name: string;
  value: string;
  matched: boolean;
  personal: boolean;
}

function flat(value: unknown, name: string, depth: number): [string, string][] {
  if (value === null || value === undefined || value === '') return [];
  if (typeof value !== 'object') return [[name, String(value)]];
  const entries = Object.entries(value);
  if (Array.isArray(value) && value.every((one) => typeof one !== 'object')) return value.length ? [[name, value.join(', ')]] : [];
  return depth > 8 ? [[name, JSON.stringify(value)]] : entries.flatMap(([key, inner]) => flat(inner, name ? `${name}.${key}` : key, depth + 1));
}

/** A row as names and values, what matched first; `at` is shown apart. Nested names are dotted. */
export function cellsOf(row: Readonly<Record<string, unknown>>, marks: readonly Mark[]): Cell[] {
  const keyword = marks.filter((mark) => !mark.field).flatMap((mark) => mark.wanted ?? []).map((word) => word.toLowerCase().replace(/^\*|\*$/g, ''));
  const cells = flat(row, '', 0).filter(([name]) => name !== 'at').map(([name, value]) => {
    const mark = marks.find(({ native }) => native && (native === name || name.startsWith(`${native}.`) || sameInList(native, name)));
    const found = keyword.some((word) => word && value.toLowerCase().includes(word));
    return { name, value, matched: Boolean(mark) || found, personal: Boolean(mark?.personal) };
  });
  return [...cells.filter((cell) => cell.matched), ...cells.filter((cell) => !cell.matched)];
}

/** A path that enters a list names no index: dns.answers.rdata is dns.answers.0.rdata. */
const sameInList = (native: string, name: string): boolean => name.replace(/\.\d+(?=\.|$)/g, '') === native;

export interface Piece {
  text: string;
  matched: boolean;
}

/** The text of a rule by lines, each in pieces, with those marked that a span covers. */
export function pieces(text: string, spans: readonly Span[]): Piece[][] {
  return text.split('\n').map((line, number) => {
    const found: Piece[] = [];
    let at = 0;
    for (const [, start, end] of spans.filter((span) => span[0] === number).sort((a, b) => a[1] - b[1])) {
      if (start > at) found.push({ text: line.slice(at, start), matched: false });
      if (end > at) found.push({ text: line.slice(Math.max(at, start), end), matched: true });
      at = Math.max(at, end);
    }
    return [...found, { text: line.slice(at), matched: false }].filter((piece) => piece.text);
  });
}

/** Where the text of one part of a rule asks for what any of these readings had. */
export function spansOf(readings: readonly Reading[], rule: string, part: string): Span[] {
  const all = readings.flatMap((one) => one.matched ?? []).filter((one) => one.rule === rule && one.part === part).flatMap((one) => one.spans ?? []);
  return [...new Map(all.map((span) => [span.join(), span])).values()];
}

/** Those tuned first, then those that rang, then the city's own: what somebody looks for. */
const rank = (one: RuleLine): number => (tuned(one) ? 4 : 0) + (one.hits || one.suppressed ? 2 : 0) + (one.path.startsWith('rules/') ? 1 : 0);

/** Rules that hold every word in title, id, level, path or state; of equal rank in the order given. */
export function rulesWith(rules: readonly RuleLine[], filter: string): RuleLine[] {
  const words = filter.toLowerCase().split(/\s+/).filter(Boolean);
  const found = rules.filter((one) => {
    const text = `${one.title} ${one.id} ${one.level} ${one.path} ${one.looks_at ?? ''} ${one.state ?? ''}`.toLowerCase();
    return words.every((word) => text.includes(word));
  });
  return found.sort((a, b) => rank(b) - rank(a));
}

/** Where a refused file stumbles: path and line; a whole file has no line. */
export const whereOf = (refused: Refused): string => (refused.line > 0 ? `${refused.path}:${refused.line}` : refused.path);
