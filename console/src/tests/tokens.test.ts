// Colours: text and shapes stand out, and priorities stay apart for every kind of colour vision.
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { LOOKS } from '../map/looks';

type Colour = [number, number, number];
type Theme = Record<string, string>;

const CSS = readFileSync(new URL('../tokens.css', import.meta.url), 'utf8');
const THEMES = ['dark', 'light', 'contrast'];

function theme(name: string): Theme {
  const block = CSS.split(`[data-theme='${name}'] {`)[1]?.split('}')[0] ?? '';
  return Object.fromEntries([...block.matchAll(/--([\w-]+): (#[0-9a-f]{6})/g)].map((found) => [found[1], found[2]]));
}

function linear(hex: string | undefined): Colour {
  const channel = (at: number): number => {
    const value = parseInt((hex ?? '').slice(at, at + 2), 16) / 255;
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  };
  return [channel(1), channel(3), channel(5)];
}

const times = (rows: number[][], [r, g, b]: Colour): Colour => rows.map((row) => row[0]! * r + row[1]! * g + row[2]! * b) as Colour;

/** Contrast ratio of WCAG 2.2. */
function contrast(a: string | undefined, b: string | undefined): number {
  const [x, y] = [a, b].map((hex) => linear(hex)).map(([r, g, bl]) => 0.2126 * r + 0.7152 * g + 0.0722 * bl) as [number, number];
  return (Math.max(x, y) + 0.05) / (Math.min(x, y) + 0.05);
}

/** Full dichromacy after Machado, Oliveira and Fernandes (2009), in linear RGB. */
const VISION: Record<string, number[][]> = {
  full: [[1, 0, 0], [0, 1, 0], [0, 0, 1]],
  protanopia: [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
  deuteranopia: [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.01182, 0.04294, 0.968881]],
  tritanopia: [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.3039]],
};

/** OKLab (Ottosson 2020), times 100. */
function oklab(colour: Colour): Colour {
  const clamped = colour.map((value) => Math.min(1, Math.max(0, value))) as Colour;
  const cones = times([[0.4122214708, 0.5363325363, 0.0514459929], [0.2119034982, 0.6806995451, 0.1073969566], [0.0883024619, 0.2817188376, 0.6299787005]], clamped);
  const roots = cones.map(Math.cbrt) as Colour;
  return times([[21.04542553, 79.3617785, -0.40720468], [197.79984951, -242.85922050, 45.05937099], [2.59040371, 78.27717662, -80.86757660]], roots);
}

function apart(a: string | undefined, b: string | undefined, vision: number[][]): number {
  const [x, y] = [a, b].map((hex) => oklab(times(vision, linear(hex)))) as [Colour, Colour];
  return Math.hypot(x[0] - y[0], x[1] - y[1], x[2] - y[2]);
}

it('regions are told apart without colour, but a place by sound from one by gas', () => {
  const lines = Object.entries(LOOKS).filter(([look]) => !look.startsWith('ellipse')).map(([, { width, dash, hatch }]) => JSON.stringify([width, dash, hatch]));
  expect(new Set(lines).size).toBe(lines.length);
});

describe.each(THEMES)('theme %s', (name) => {
  const t = theme(name);
  const grounds = ['ground', 'panel', 'raised'];

  it.each(['text', 'second', 'accent'])('%s is readable on every ground', (ink) => {
    for (const ground of grounds) expect(contrast(t[ink], t[ground]), `${ink} on ${ground}`).toBeGreaterThanOrEqual(4.5);
  });

  it.each(['p0', 'p1', 'p2', 'p3', 'edge', 'for', 'against'])('%s stands out on every ground', (shape) => {
    for (const ground of grounds) expect(contrast(t[shape], t[ground]), `${shape} on ${ground}`).toBeGreaterThanOrEqual(3);
  });

  it('what a rule matched is readable', () => expect(contrast(t.text, t.mark)).toBeGreaterThanOrEqual(4.5));

  it('priority words and digits are readable on their colour', () => {
    for (const p of ['p0', 'p1', 'p2']) expect(contrast(t['on-priority'], t[p]), p).toBeGreaterThanOrEqual(4.5);
    expect(contrast(t['on-accent'], t.accent)).toBeGreaterThanOrEqual(4.5);
  });

  it('labels are readable on the map', () => {
    for (const ground of ['map-water', 'map-park', 'map-square', 'map-building']) expect(contrast(t.second, t[ground]), ground).toBeGreaterThanOrEqual(4.5);
  });

  it('lines of regions stand out on the map', () => {
    const inks = new Set(Object.values(LOOKS).map((look) => look.ink));
    for (const ground of ['ground', 'map-water', 'map-park', 'map-square', 'map-building', 'map-road']) for (const ink of inks) expect(contrast(t[ink], t[ground]), `${ink} on ${ground}`).toBeGreaterThanOrEqual(3);
  });

  it.each(Object.keys(VISION))('priorities differ with %s', (vision) => {
    const pairs = [['p0', 'p1'], ['p0', 'p2'], ['p0', 'p3'], ['p1', 'p2'], ['p1', 'p3'], ['p2', 'p3']] as const;
    for (const [a, b] of pairs) expect(apart(t[a], t[b], VISION[vision]!), `${a} and ${b}`).toBeGreaterThanOrEqual(7);
  });
});
