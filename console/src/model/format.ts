// Numbers as people read them: each with its unit, times with their age.

const two = (n: number): string => String(n).padStart(2, '0');

/** 14:02:31 in the reader's own time zone. */
export function clock(at: number): string {
  const d = new Date(at * 1000);
  return `${two(d.getHours())}:${two(d.getMinutes())}:${two(d.getSeconds())}`;
}

/** 14:02. */
export const clockShort = (at: number): string => clock(at).slice(0, 5);

/** 2026-05-01 11:02:31 UTC, for the hover. */
export const utc = (at: number): string => `${new Date(at * 1000).toISOString().slice(0, 19).replace('T', ' ')} UTC`;

/** How long: 4 s, 3 min, 2 h 05 min, 3 d. */
export function span(seconds: number): string {
  const s = Math.max(0, Math.round(seconds));
  if (s < 120) return `${s} s`;
  if (s < 7200) return `${Math.floor(s / 60)} min`;
  if (s < 172_800) return `${Math.floor(s / 3600)} h ${two(Math.floor((s % 3600) / 60))} min`;
  return `${Math.floor(s / 86_400)} d`;
}

/** A countdown such as 4:59 or 1:04:59. */
export function countdown(seconds: number): string {
  const s = Math.max(0, Math.ceil(seconds));
  const rest = `${two(Math.floor((s % 3600) / 60))}:${two(s % 60)}`;
  return s >= 3600 ? `${Math.floor(s / 3600)}:${rest}` : rest.replace(/^0/, '');
}

/** A whole number with thin grouping: 12 500. */
export const count = (n: number): string => Math.round(n).toString().replace(/\B(?=(\d{3})+$)/g, '\u202f');

/** A signed weight in nats with three decimals: +3.214. */
export function nats(value: number): string {
  const text = Math.abs(value).toFixed(3);
  if (Number(text) === 0) return '0.000';
  return `${value > 0 ? '+' : '-'}${text}`;
}

/** A score between 0 and 1; never shown as certain. */
export function score(value: number): string {
  if (value > 0.99) return '> 0.99';
  return value < 0.01 ? '< 0.01' : value.toFixed(2);
}

/** Bytes with a binary unit: 3.4 MiB. */
export function bytes(n: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  const step = n < 1 ? 0 : Math.min(units.length - 1, Math.floor(Math.log2(n) / 10));
  return `${(n / 1024 ** step).toFixed(step ? 1 : 0)} ${units[step]}`;
}

/** Intrusion as it is metered: person-seconds times level. */
export function intrusion(cost: number): string {
  if (cost === 0) return 'no intrusion';
  return `${cost < 10 ? cost.toFixed(1) : count(cost)} person-s × level`;
}

/** How many, with the right word: 1 person, 3 persons. */
export const many = (n: number, one: string, more = `${one}s`): string => `${count(n)} ${n === 1 ? one : more}`;

/** A bearing as degrees and a compass word: 045° NE. */
export function bearing(degrees: number): string {
  const words = ['N', 'NE', 'E', 'SE', 'S', 'SW', 'W', 'NW'];
  const turn = ((degrees % 360) + 360) % 360;
  return `${String(Math.round(turn) % 360).padStart(3, '0')}° ${words[Math.round(turn / 45) % 8]}`;
}
