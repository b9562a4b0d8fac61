// What a person chose for this screen: theme and keys, kept in the browser alone.
import { bindingsFrom, DEFAULT_BINDINGS, remapped, type ActionId, type Bindings } from '../model/keys';

export type Theme = 'dark' | 'light' | 'contrast';
const STORED = 'tocsin.settings';
const THEMES: Theme[] = ['dark', 'light', 'contrast'];

function stored(): Record<string, unknown> {
  try {
    return JSON.parse(localStorage.getItem(STORED) ?? '{}') as Record<string, unknown>;
  } catch {
    return {}; // a damaged setting must not keep an operator from the console
  }
}

class Settings {
  theme = $state<Theme>('dark');
  bindings = $state.raw<Bindings>(DEFAULT_BINDINGS);
  characters = $state(true);

  load(): void {
    const given = stored();
    this.theme = THEMES.find((theme) => theme === given.theme) ?? 'dark';
    this.bindings = bindingsFrom(given.bindings);
    this.characters = given.characters !== false;
    this.show();
  }

  setTheme(theme: Theme): void {
    this.theme = theme;
    this.save();
  }

  setCharacters(on: boolean): void {
    this.characters = on;
    this.save();
  }

  /** Give an action another key; answers the action that already has it, or null. */
  remap(action: ActionId, press: string): ActionId | null {
    const next = remapped(this.bindings, action, press);
    if (typeof next === 'string') return next;
    this.bindings = next;
    this.save();
    return null;
  }

  resetKeys(): void {
    this.bindings = DEFAULT_BINDINGS;
    this.characters = true;
    this.save();
  }

  private save(): void {
    localStorage.setItem(STORED, JSON.stringify({ theme: this.theme, bindings: this.bindings, characters: this.characters }));
    this.show();
  }

  private show(): void {
    document.documentElement.dataset.theme = this.theme;
  }
}

export const settings = new Settings();
