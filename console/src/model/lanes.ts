// Screening lanes: what waits, and the false-alarm rate with its bound.
import { number } from './units';

export interface Lane {
  id: string;
  name: string;
  since: number;
  last_at: number;
  alarms?: number;
  resolved?: number;
  confirmed?: number;
  screened?: number;
  false_rate?: number;
  false_rate_max?: number;
}

/** Alarms that nobody looked at a second time, and no verdict settled. */
export const waiting = ({ alarms = 0, resolved = 0, confirmed = 0 }: Lane): number => Math.max(0, alarms - resolved - confirmed);

const percent = (share: number): string => `${number(Number((share * 100).toPrecision(2)))}\u00a0%`;

/** 0.4 %, at most 1.3 %; a rate without its bound would promise too much. */
export function rateWord({ false_rate, false_rate_max }: Lane): string {
  if (false_rate === undefined || false_rate_max === undefined) return 'not known: the lane tells alarms alone';
  return `${percent(false_rate)}, at most ${percent(false_rate_max)}`;
}
