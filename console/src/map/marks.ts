// The marks of the map, drawn on a canvas: hollow dots for sensors, shapes for incidents, hatching for areas.
import type { Map as Atlas } from 'maplibre-gl';
import type { Priority } from '../model/wire';
import { DIGIT_Y, OUTLINES } from '../parts/shapes';
import { GLYPHS } from './glyphs';
import type { Hatch } from './looks';
import type { Colours } from './tokens';

const RATIO = 2;

type Draw = (pen: CanvasRenderingContext2D) => void;

function drawn(size: number, draw: Draw): ImageData {
  const canvas = document.createElement('canvas');
  canvas.width = canvas.height = size * RATIO;
  const pen = canvas.getContext('2d', { willReadFrequently: true });
  if (!pen) throw new Error('This browser cannot draw on a canvas, which the map needs.');
  pen.scale(RATIO, RATIO);
  draw(pen);
  return pen.getImageData(0, 0, canvas.width, canvas.height);
}

function ring(colour: string, fill: string, radius: number, dash: number[], width = 1.5): Draw {
  return (pen) => {
    pen.lineWidth = width;
    pen.strokeStyle = colour;
    pen.fillStyle = fill;
    pen.setLineDash(dash);
    pen.beginPath();
    pen.arc(12, 12, radius, 0, 2 * Math.PI);
    pen.fill();
    pen.stroke();
  };
}

function crossed(colour: string, fill: string): Draw {
  return (pen) => {
    ring(colour, fill, 6, [], 2)(pen);
    pen.beginPath();
    pen.moveTo(8.5, 8.5);
    pen.lineTo(15.5, 15.5);
    pen.moveTo(15.5, 8.5);
    pen.lineTo(8.5, 15.5);
    pen.stroke();
  };
}

function shape(priority: Priority, colour: string, digit: string, hollow: boolean, ground: string): Draw {
  return (pen) => {
    const outline = new Path2D(OUTLINES[priority]);
    pen.translate(4, 4);
    pen.lineJoin = 'round';
    pen.lineWidth = 5;
    pen.strokeStyle = pen.fillStyle = ground;
    pen.stroke(outline);
    pen.fill(outline);
    pen.lineWidth = 1.8;
    pen.strokeStyle = pen.fillStyle = colour;
    pen.stroke(outline);
    if (!hollow) pen.fill(outline);
    pen.fillStyle = hollow ? colour : digit;
    pen.font = '600 12px "Inter Variable"';
    pen.textAlign = 'center';
    pen.fillText(String(priority), 12, DIGIT_Y[priority]);
  };
}

function hatch(colour: string): Draw {
  return (pen) => {
    pen.strokeStyle = colour;
    pen.globalAlpha = 0.18;
    pen.lineWidth = 1;
    for (const x of [-12, 0, 12]) {
      pen.beginPath();
      pen.moveTo(x, 12);
      pen.lineTo(x + 12, 0);
      pen.stroke();
    }
  };
}

/** Lines a certain distance apart, rising, falling, or both. */
function lines(colour: string, apart: number, turns: ('rising' | 'falling')[] = ['rising']): Draw {
  return (pen) => {
    pen.strokeStyle = colour;
    pen.globalAlpha = 0.4;
    pen.lineWidth = 1;
    for (let x = -12; x <= 12; x += apart) {
      pen.beginPath();
      for (const turn of turns) {
        pen.moveTo(x, turn === 'rising' ? 12 : 0);
        pen.lineTo(x + 12, turn === 'rising' ? 0 : 12);
      }
      pen.stroke();
    }
  };
}

/** A head that points east: along the line that it stands on. */
function arrow(colour: string, ground: string): Draw {
  return (pen) => {
    pen.strokeStyle = ground;
    pen.fillStyle = colour;
    pen.lineWidth = 3;
    pen.lineJoin = 'round';
    pen.beginPath();
    pen.moveTo(7, 5);
    pen.lineTo(18, 12);
    pen.lineTo(7, 19);
    pen.closePath();
    pen.stroke();
    pen.fill();
  };
}

const hatches = (c: Colours): Record<Hatch, Draw> => ({
  'hatch-sparse': lines(c.p1, 12), 'hatch-crossed': lines(c.p1, 6, ['rising', 'falling']), 'hatch-dense': lines(c.text, 4), 'hatch-advice': lines(c.accent, 6, ['falling']),
});

function chosenRing(inner: Draw, colour: string): Draw {
  return (pen) => {
    inner(pen);
    ring(colour, 'transparent', 10, [], 2)(pen);
  };
}

function sensorMarks(c: Colours): Record<string, Draw> {
  const marks: Record<string, Draw> = {
    dot: ring(c.text, c.ground, 4, []),
    small: ring(c.edge, c.ground, 2.5, [], 1.2),
    faint: ring(c.edge, 'transparent', 2.5, [], 1),
    dashed: ring(c.p2, c.ground, 6, [3, 2.5], 2),
    dotted: ring(c.second, 'transparent', 5, [1, 2]),
    doubt: crossed(c.p1, c.ground),
  };
  return { ...marks, ...Object.fromEntries(Object.entries(marks).map(([name, draw]) => [`${name}-chosen`, chosenRing(draw, c.accent)])) };
}

/** A ring with the glyph of a family in it; with a second ring where it is chosen. */
function familyMarks(c: Colours): Record<string, Draw> {
  const glyph = (outline: string): Draw => (pen) => {
    ring(c.text, c.ground, 8, [], 1.2)(pen);
    pen.setLineDash([]);
    pen.lineWidth = 1.2;
    pen.lineJoin = pen.lineCap = 'round';
    pen.stroke(new Path2D(outline));
  };
  const marks = Object.entries(GLYPHS).map(([family, outline]) => [`family-${family}`, glyph(outline)] as const);
  return Object.fromEntries(marks.flatMap(([name, draw]) => [[name, draw], [`${name}-chosen`, chosenRing(draw, c.accent)]]));
}

function incidentMarks(c: Colours): Record<string, Draw> {
  const all: [Priority, string][] = [[0, c.p0], [1, c.p1], [2, c.p2], [3, c.p3]];
  const fresh = all.map(([p, colour]) => [`p${p}`, shape(p, colour, c['on-priority'], p === 3, c.ground)]);
  const taken = all.map(([p]) => [`p${p}-taken`, shape(p, c.second, c.second, true, c.ground)]);
  return Object.fromEntries([...fresh, ...taken]) as Record<string, Draw>;
}

/** Give the map all marks in the colours of the theme. */
export function addMarks(atlas: Atlas, c: Colours): void {
  const sized: [number, Record<string, Draw>][] = [
    [24, { ...sensorMarks(c), ...familyMarks(c) }],
    [32, incidentMarks(c)],
    [24, { arrow: arrow(c.accent, c.ground) }],
    [12, { 'hatch-footprint': hatch(c.p0), 'hatch-warning': hatch(c.accent), ...hatches(c) }],
  ];
  for (const [size, marks] of sized) for (const [name, draw] of Object.entries(marks)) if (!atlas.hasImage(name)) atlas.addImage(name, drawn(size, draw), { pixelRatio: RATIO });
}
