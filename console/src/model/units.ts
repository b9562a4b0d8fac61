// UCUM codes as people write them, and numbers with as many digits as they carry.

const WORDS: Record<string, string> = {
  '1': '', '%': '%', '[ppm]': 'ppm', '[ppb]': 'ppb', '[ppth]': '‰', deg: '°', Cel: '°C', '[degF]': '°F', K: 'K', '[lb_av]': 'lb', '[ft_i]': 'ft',
  '[mi_i]': 'mi', '[yd_i]': 'yd', '[gal_us]': 'gal', '[kn_i]': 'kn', '[nmi_i]': 'NM', '[in_i]': 'in', har: 'ha', Ohm: 'Ω', a: 'years', d: 'd', wk: 'weeks', mo: 'months', 'dB[SPL]': 'dB SPL',
};
const POWERS: Record<string, string> = { '2': '²', '3': '³' };
const DIGITS = '⁰¹²³⁴⁵⁶⁷⁸⁹';

/** One factor of a code: m2, uSv, [ft_i]3, {counts}. */
function factor(code: string): string {
  const note = code.match(/^\{(.*)\}$/);
  if (note) return note[1] ?? '';
  const [, base = code, power = ''] = code.match(/^(.*?[^\d])([23])$/) ?? [];
  const word = WORDS[base] ?? base.replace(/^u(?=[a-zA-Z])/, 'µ');
  return word + (POWERS[power] ?? '');
}

/** A unit as people write it: `uSv/h` is µSv/h, `m2` is m², `[ppm]` is ppm. What is no known code stands as it is. */
export const unitWord = (code: string): string =>
  WORDS[code] ?? code.match(/^1\/(\w+)$/)?.[1]?.replace(/^/, 'per ') ?? code.split('/').map((side) => side.split('.').map(factor).join('·')).join('/');

const raised = (n: number): string => (n < 0 ? '⁻' : '') + [...String(Math.abs(n))].map((digit) => DIGITS[Number(digit)]).join('');

const grouped = (text: string): string => {
  const [whole = '', rest] = text.split('.');
  return whole.replace(/\B(?=(\d{3})+$)/g, '\u202f') + (rest ? `.${rest}` : '');
};

/** Three digits are what a conclusion carries: 0.043, 4.2, 420, 12 500, 3.7 × 10⁹. */
export function number(value: number): string {
  if (!Number.isFinite(value)) return 'not known';
  if (value === 0) return '0';
  const size = Math.abs(value);
  if (size >= 1e6 || size < 1e-3) {
    const [digits = '', power = ''] = value.toExponential(2).split('e');
    return `${Number(digits)} × 10${raised(Number(power))}`;
  }
  const short = Number(value.toPrecision(3));
  return grouped(String(short)).replace('-', '−');
}

/** A number with its unit: 4.2 ppm, 30°, 12 500 people. */
export function amount(value: number, unit: string): string {
  const word = unitWord(unit);
  return word === '°' || word === '' ? `${number(value)}${word}` : `${number(value)}\u00a0${word}`;
}

/** An interval with its unit once: 3 to 40 kg; null where no end is known. */
export function interval(low: number | undefined, high: number | undefined, unit: string): string | null {
  if (low === undefined && high === undefined) return null;
  if (low === undefined) return `at most ${amount(high ?? 0, unit)}`;
  return high === undefined ? `at least ${amount(low, unit)}` : `${number(low)} to ${amount(high, unit)}`;
}
