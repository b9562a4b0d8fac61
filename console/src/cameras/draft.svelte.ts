// A set-up while somebody changes it: nothing is in force before it is saved.
import type { Area, Camera, Line, Pair, Ring, Spot, Support } from '../model/cameras';
import { freeId } from '../model/cameras';
import { cameras } from './cameras.svelte';

export type Tool = 'none' | 'area' | 'line' | 'private' | 'point';

const DELAY_MS = 400;

export class Draft {
  camera = $state.raw<Camera>({});
  tool = $state<Tool>('none');
  drawing = $state.raw<Spot[]>([]);
  support = $state.raw<Support | null>(null);
  trouble = $state('');
  private saved = $state('{}');
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(
    readonly id: string,
    camera: Camera,
  ) {
    this.begin(camera);
  }

  /** Whether anything is other than what is in force. */
  get changed(): boolean {
    return JSON.stringify(this.camera) !== this.saved;
  }

  begin(camera: Camera): void {
    this.camera = camera;
    this.saved = JSON.stringify(camera);
    this.stop();
    this.ask();
  }

  set(change: Partial<Camera>): void {
    this.camera = { ...this.camera, ...change };
    this.ask();
  }

  start(tool: Tool): void {
    this.tool = this.tool === tool ? 'none' : tool;
    this.drawing = [];
  }

  stop(): void {
    this.tool = 'none';
    this.drawing = [];
  }

  /** A point was picked in the picture. */
  pick(spot: Spot): void {
    this.drawing = this.tool === 'point' ? [spot] : [...this.drawing, spot];
    if (this.tool === 'line' && this.drawing.length === 2) this.finish();
  }

  /** What is drawn is whole: take it in. Rings need three points. */
  finish(): void {
    const [first, second] = this.drawing;
    if (this.tool === 'line' && first && second) this.addLine(first, second);
    else if (this.tool === 'area' && this.drawing.length >= 3) this.addArea(this.drawing);
    else if (this.tool === 'private' && this.drawing.length >= 3) this.set({ private: [...(this.camera.private ?? []), this.drawing] });
    else return;
    this.stop();
  }

  /** The point picked in the picture lies here on the map. */
  pair(lon: number, lat: number): void {
    const [spot] = this.drawing;
    if (!spot) return;
    this.set({ pairs: [...(this.camera.pairs ?? []), { x: spot[0], y: spot[1], lon, lat }] });
    this.drawing = [];
  }

  setPair(index: number, pair: Pair): void {
    this.set({ pairs: (this.camera.pairs ?? []).map((one, i) => (i === index ? pair : one)) });
  }

  setArea(index: number, change: Partial<Area>): void {
    this.set({ areas: (this.camera.areas ?? []).map((one, i) => (i === index ? { ...one, ...change } : one)) });
  }

  setLine(index: number, change: Partial<Line>): void {
    this.set({ lines: (this.camera.lines ?? []).map((one, i) => (i === index ? { ...one, ...change } : one)) });
  }

  without(kind: 'areas' | 'lines' | 'pairs' | 'private', index: number): void {
    this.set({ [kind]: (this.camera[kind] ?? []).filter((_, i) => i !== index) });
  }

  private addArea(ring: Ring): void {
    const areas = this.camera.areas ?? [];
    this.set({ areas: [...areas, { id: freeId('area', this.ids), ring }] });
  }

  private addLine(a: Spot, b: Spot): void {
    this.set({ lines: [...(this.camera.lines ?? []), { id: freeId('line', this.ids), a, b }] });
  }

  private get ids(): string[] {
    return [...(this.camera.areas ?? []), ...(this.camera.lines ?? [])].map(({ id }) => id);
  }

  /** Ask what each part of the picture supports, once nobody has changed anything for a moment. */
  private ask(): void {
    clearTimeout(this.timer);
    const asked = this.camera;
    this.timer = setTimeout(() => {
      cameras.support(this.id, asked).then(
        (found) => asked === this.camera && ([this.support, this.trouble] = [found, found.problem ?? '']),
        (error: unknown) => (this.trouble = error instanceof Error ? error.message : String(error)),
      );
    }, DELAY_MS);
  }
}
