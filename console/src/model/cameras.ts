// Cameras as the server tells them: set-up, record of processing, load; and the geometry of a picture.

export type Spot = [number, number];
export type Ring = Spot[];

export interface Pair {
  x: number;
  y: number;
  lon: number;
  lat: number;
}

export interface Hours {
  since?: number;
  until?: number;
}

export interface Area {
  id: string;
  ring: Ring;
  name?: string;
  kinds?: string[];
  forbidden?: string[];
  hours?: Hours;
  loiter_s?: number | null;
  toward_deg?: number | null;
}

export interface Line {
  id: string;
  a: Spot;
  b: Spot;
  name?: string;
  allowed?: 'both' | 'forward' | 'backward' | 'none';
  hours?: Hours;
  labels?: string[];
}

export interface Pose {
  height_m: number;
  tilt_deg: number;
  field_deg: number;
  bearing_deg?: number;
}

/** The set-up of a camera; the server leaves out what is default. */
export interface Camera {
  processing?: string;
  picture?: [number, number];
  pairs?: Pair[];
  pose?: Pose | null;
  standard?: string;
  private?: Ring[];
  areas?: Area[];
  lines?: Line[];
  analytics?: string[];
  risk?: number;
  vehicles_expected?: boolean;
  people_expected?: boolean;
}

export interface Processing {
  id: string;
  name: string;
  purpose: string;
  legal_basis: string;
  controller: string;
  notice: string;
  retention_h?: number;
  forbidden?: string[];
  contact?: string;
}

export interface CameraLoad {
  frames_per_s: number;
  detections_per_s: number;
  pictures_per_s: number;
  dropped: number;
  budget?: number;
  decode_ms?: number;
  detect_ms?: number;
  mask_ms?: number;
  width?: number;
  height?: number;
  problem?: string;
}

export interface CameraRow {
  id: string;
  name: string;
  lon: number;
  lat: number;
  state: string;
  condition: string;
  camera: Camera;
  processing?: Processing;
  missing?: string[];
  running?: string[];
  calibrated?: boolean;
  picture_at?: number | null;
  picture_kind?: string;
  load?: CameraLoad | null;
  load_at?: number | null;
  picture_state?: { edges?: number; focus?: number; brightness?: number; noise?: number; learned?: boolean } | null;
}

export interface AnalyticRow {
  kind: string;
  title: string;
  level: number;
  by_default: boolean;
  sees?: string;
  cannot?: string;
  draws?: string;
  grades?: string[];
}

export interface CameraList {
  cameras: CameraRow[];
  analytics: AnalyticRow[];
  standards: Record<string, Record<string, number>>;
}

export interface Cell {
  x: number;
  y: number;
  pixels_per_m: number | null;
  tasks: string[];
  kinds: string[];
}

export interface Support {
  columns: number;
  rows: number;
  cells: Cell[];
  fit?: string;
  problem?: string;
}

export interface Tried {
  kind: string;
  hours: number;
  seen: number;
  findings: number;
  said: { at: number; because: string; grade: string; subject: string }[];
}

/** How people move at one part of a picture. */
export interface Arrow {
  x: number;
  y: number;
  dx: number;
  dy: number;
  persons_per_m2: number;
}

export interface Dot {
  camera: string;
  label: string;
  lon: number;
  lat: number;
}

/** Clear views: what waits for approval, and what is open now. */
export interface ClearViews {
  waiting: { id: string; source: string; reason: string; asked_by: string; at: number; until: number }[];
  open: { source: string; asked_by: string; until: number; clearance: string }[];
}

export interface Clip {
  id: string;
  source: string;
  since: number;
  until: number;
  frames: number;
  keep_until: number;
  person_s?: number;
}

/** One picture and what its headers say. */
export interface Shown {
  url: string;
  number: number;
  at: number;
  persons: number;
  filled: number;
  kind: string;
}

const clamp = (value: number): number => Math.min(1, Math.max(0, Math.round(value * 10_000) / 10_000));

/** Where a pointer is in a picture, as shares of its width and height. */
export const spotIn = (box: DOMRect, x: number, y: number): Spot => [clamp((x - box.left) / box.width), clamp((y - box.top) / box.height)];

/** A ring or line as people type it: "0.1,0.5 0.4,0.5". */
export const spotsText = (spots: Spot[]): string => spots.map(([x, y]) => `${x},${y}`).join(' ');

/** Spots read from such text; null where it is none. */
export function spotsFrom(text: string): Spot[] | null {
  const pairs = text.trim().split(/\s+/).filter(Boolean).map((pair) => pair.split(',').map(Number));
  const right = pairs.every((pair) => pair.length === 2 && pair.every((one) => Number.isFinite(one) && one >= 0 && one <= 1));
  return right ? (pairs as Spot[]) : null;
}

/** An id that none of these has: area-1, area-2 … */
export function freeId(word: string, taken: string[]): string {
  let number = 1;
  while (taken.includes(`${word}-${number}`)) number += 1;
  return `${word}-${number}`;
}

/** For each analytic, in how much of the picture it works: 0 to 1. */
export function supportedShare(support: Support | null, kind: string): number | null {
  const known = support?.cells.filter((cell) => cell.pixels_per_m !== null) ?? [];
  if (!known.length) return null;
  return known.filter((cell) => cell.kinds.includes(kind)).length / known.length;
}

/** The highest task that a cell supports, in a word; empty where nobody knows. */
export const taskOf = (cell: Cell): string => (cell.pixels_per_m === null ? '' : (cell.tasks.at(-1) ?? 'too coarse'));

/** What keeps a camera from working, the worst first; empty where nothing does. */
export function troubleOf(row: CameraRow): string {
  return row.missing?.[0] ?? row.load?.problem ?? '';
}
