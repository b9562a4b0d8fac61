// How each kind of region is drawn, on the map and in its legend: told apart by line and hatching, not by colour alone.
import type { Look } from '../model/extents';

export type Ink = 'p0' | 'p1' | 'p2' | 'text' | 'second' | 'accent';
export type Hatch = 'hatch-sparse' | 'hatch-dense' | 'hatch-crossed' | 'hatch-advice';

/** `width` in pixels on a desk screen; `dash` in line widths, empty for an unbroken line. */
export interface Drawing {
  ink: Ink;
  width: number;
  dash: number[];
  hatch?: Hatch;
}

/** From the bottom of the map to its top: what is surest and gravest lies above. */
export const LOOKS: Record<Look, Drawing> = {
  error: { ink: 'second', width: 1, dash: [1, 3] },
  other: { ink: 'text', width: 1.5, dash: [8, 3, 1, 3] },
  'protective-action': { ink: 'p0', width: 2, dash: [7, 3] },
  'footprint-0': { ink: 'p1', width: 1.5, dash: [4, 2], hatch: 'hatch-sparse' },
  'footprint-1': { ink: 'p1', width: 1.5, dash: [1, 2] },
  'footprint-2': { ink: 'p1', width: 2, dash: [5, 2], hatch: 'hatch-sparse' },
  'footprint-3': { ink: 'p1', width: 3, dash: [], hatch: 'hatch-crossed' },
  plume: { ink: 'p2', width: 1.5, dash: [] },
  isolation: { ink: 'p0', width: 3.5, dash: [] },
  'region-outer': { ink: 'text', width: 1.5, dash: [3, 2] },
  'region-inner': { ink: 'text', width: 2.5, dash: [], hatch: 'hatch-dense' },
  'ellipse-outer': { ink: 'text', width: 1.5, dash: [3, 2] },
  'ellipse-inner': { ink: 'text', width: 2.5, dash: [], hatch: 'hatch-dense' },
  advice: { ink: 'accent', width: 2, dash: [1, 1.5], hatch: 'hatch-advice' },
  path: { ink: 'accent', width: 3, dash: [] },
};
