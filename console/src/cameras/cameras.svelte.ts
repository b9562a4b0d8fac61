// The cameras that are set up, fetched while somebody looks, and the one that is open.
import { get, path, post, sentenceOf } from '../live/api';
import { sayFailed } from '../live/acts';
import { ui } from '../live/ui.svelte';
import type { AnalyticRow, Camera, CameraList, CameraRow, Support, Tried } from '../model/cameras';

class Cameras {
  rows = $state.raw<CameraRow[]>([]);
  analytics = $state.raw<AnalyticRow[]>([]);
  standards = $state.raw<Record<string, Record<string, number>>>({});
  trouble = $state('');
  loaded = $state(false);
  open = $state<string | null>(null);
  /** The map instead of the wall. */
  onMap = $state(false);

  get row(): CameraRow | null {
    return this.rows.find((one) => one.id === this.open) ?? null;
  }

  async load(): Promise<void> {
    try {
      const found = await get<CameraList>('/api/cameras');
      [this.rows, this.analytics, this.standards] = [found.cameras, found.analytics, found.standards];
      [this.loaded, this.trouble] = [true, ''];
    } catch (error) {
      this.trouble = sentenceOf(error);
    }
  }

  /** Put a set-up in force; answers whether it is. */
  async save(row: CameraRow, camera: Camera): Promise<boolean> {
    try {
      await post(path('sensors', row.id, 'set-up'), { camera });
      await this.load();
      ui.undo = { text: `${row.name}: set up. What changed is in force now.`, run: () => void this.save(row, row.camera), failed: false };
      return true;
    } catch (error) {
      sayFailed(error);
      return false;
    }
  }

  support = (id: string, camera: Camera): Promise<Support> => post<Support>(path('cameras', id, 'support'), { camera });

  tryOut = (id: string, camera: Camera, kind: string, hours: number): Promise<Tried> => post<Tried>(path('cameras', id, 'try'), { camera, kind, hours });
}

export const cameras = new Cameras();
