// The colours of the map, read from the one file of tokens.

const NAMES = [
  'ground', 'panel', 'text', 'second', 'edge', 'accent', 'p0', 'p1', 'p2', 'p3', 'on-priority',
  'map-water', 'map-park', 'map-road', 'map-rail', 'map-square', 'map-building', 'map-building-edge',
] as const;

export type Colours = Record<(typeof NAMES)[number], string>;

/** The colours of the theme that is in force. */
export function colours(): Colours {
  const style = getComputedStyle(document.documentElement);
  return Object.fromEntries(NAMES.map((name) => [name, style.getPropertyValue(`--${name}`).trim()])) as Colours;
}

/** How much larger than on a desk screen words and marks are drawn: the base size is 14 px. */
export const scale = (): number => parseFloat(getComputedStyle(document.documentElement).fontSize) / 14;
