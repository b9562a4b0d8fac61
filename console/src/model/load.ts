// The load on people: alarms per ten minutes against the limit, and what the city says when all is quiet.
import { clockShort, many } from './format';
import type { Bucket, System } from './wire';
import { familyWord } from './words';

/** Alarms per ten minutes from alarms per minute; the last bucket ends with the last minute. */
export function tens(minutes: readonly Bucket[]): Bucket[] {
  const groups: Bucket[] = [];
  for (let end = minutes.length; end > 0; end -= 10) {
    const part = minutes.slice(Math.max(0, end - 10), end);
    groups.unshift({ at: part[0]?.at ?? 0, count: part.reduce((sum, bucket) => sum + bucket.count, 0) });
  }
  return groups;
}

/** More than ten in ten minutes is a flood (EEMUA 191). */
export const FLOOD = 10;

/** The load in a word: calm, over the limit, flood. */
export function loadWord(count: number, limit: number): string {
  if (count > FLOOD) return 'flood';
  return count > limit ? 'over the limit' : 'within the limit';
}

/** "214 of 221 cameras, 18 of 18 gas sensors reporting." and the last alarm. */
export function quietWords(system: System): string[] {
  const families = system.reporting.map((row) => `${row.reporting} of ${row.total} ${familyWord(row.family)}`);
  const reporting = families.length ? `${families.join(', ')} reporting.` : 'No sensor reports yet.';
  const last = system.last_alarm_at === null ? 'No alarm so far.' : `Last alarm ${clockShort(system.last_alarm_at)}.`;
  return [reporting, last];
}

/** How many things lie in quarantine. */
export const quarantined = (system: System): number => Object.values(system.quarantine).reduce((sum, n) => sum + n, 0);

/** Where a source waits for devices: tcp, encrypted or not, and the address. */
export interface Door {
  transport: string;
  address: string;
  reached: string;
}

const LOOPBACK = /^(127\.|localhost:|\[::1\])/;
const EVERYWHERE = /^(0\.0\.0\.0|\[::\]|):/;

/** The addresses in what a source says of itself: `tcp+tls 0.0.0.0:5020, udp 127.0.0.1:12000`. */
export function doorsOf(listens: string): Door[] {
  return listens.split(', ').filter(Boolean).map((said) => {
    const [transport = '', address = ''] = said.split(' ');
    if (LOOPBACK.test(address)) return { transport, address, reached: 'from this machine alone' };
    const reach = EVERYWHERE.test(address) ? 'from every network' : 'from its network';
    return { transport, address, reached: `${reach}, ${transport.endsWith('+tls') ? 'encrypted' : 'not encrypted'}` };
  });
}

/** How many sensors report, in one line. */
export function reportingWords(system: System): string {
  const sum = (key: 'reporting' | 'total'): number => system.reporting.reduce((n, row) => n + row[key], 0);
  return `${sum('reporting')} of ${many(sum('total'), 'sensor')} reporting`;
}
