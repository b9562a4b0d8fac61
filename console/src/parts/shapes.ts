// The outline of each priority on a 24 px grid: told apart without colour.
import type { Priority } from '../model/wire';

export const OUTLINES: Record<Priority, string> = {
  0: 'M8 2.5h8L21.5 8v8L16 21.5H8L2.5 16V8z',
  1: 'M12 2.5 22 20.5H2z',
  2: 'M12 1.8 22.2 12 12 22.2 1.8 12z',
  3: 'M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18z',
};

/** Where the digit stands inside the outline. */
export const DIGIT_Y: Record<Priority, number> = { 0: 16.4, 1: 18, 2: 16.4, 3: 16.4 };
