// Find anything: pages, incidents and sensors by their words.
import { searchable } from './cases';
import { familyWord } from './words';
import type { World } from './world';

export interface Hit {
  kind: 'page' | 'incident' | 'sensor';
  id: string;
  title: string;
  second: string;
  family: string;
}

/** Most hits that are shown. */
export const HITS_MAX = 12;

function all(world: World, pages: readonly string[]): (Hit & { text: string })[] {
  const rows = [
    ...[...world.incidents.values()].map((one) => ({ kind: 'incident' as const, id: one.id, title: one.title, second: one.state, family: '', text: searchable(one) })),
    ...pages.map((page) => ({ kind: 'page' as const, id: page, title: page, second: 'page', family: '', text: page })),
    ...[...world.sensors.values()].map((one) => ({
      kind: 'sensor' as const, id: one.id, title: one.name, second: `${familyWord(one.family)} · ${one.id}`, family: one.family,
      text: `${one.id} ${one.name} ${one.family} ${one.place?.name ?? ''} ${one.place?.zone ?? ''}`.toLowerCase(),
    })),
  ];
  return rows;
}

/** What holds every word, incidents first. */
export function found(world: World, pages: readonly string[], query: string): Hit[] {
  const words = query.toLowerCase().split(/\s+/).filter(Boolean);
  return all(world, pages)
    .filter((row) => words.every((word) => row.text.includes(word)))
    .slice(0, HITS_MAX)
    .map(({ kind, id, title, second, family }) => ({ kind, id, title, second, family }));
}
