// Where the operator is: page, chosen row, open incident, dialogs, the choice that waits for a second key.
import { listed, step, type ListView } from '../model/cases';
import { extentsOf, stepsOf, type Kind } from '../model/extents';
import type { Incident } from '../model/wire';
import { live } from './live.svelte';

export const PAGES = ['watch', 'cameras', 'devices', 'analyse', 'govern', 'system'] as const;
export type Page = (typeof PAGES)[number];

export interface Option {
  key: string;
  label: string;
  run: () => void;
}

export interface Choice {
  title: string;
  options: Option[];
}

export interface Undo {
  text: string;
  run: (() => void) | null;
  failed: boolean;
}

const isPage = (name: string | undefined): name is Page => PAGES.includes(name as Page);

class Ui {
  page = $state<Page>('watch');
  chosen = $state<string | null>(null);
  opened = $state<string | null>(null);
  sensor = $state<string | null>(null);
  view = $state<ListView>('open');
  filter = $state('');
  buildings = $state(false);
  dialog = $state<'none' | 'help' | 'palette' | 'tune' | 'name'>('none');
  choice = $state.raw<Choice | null>(null);
  undo = $state.raw<Undo | null>(null);
  section = $state('');
  mapFirst = $state(false);
  /** The moment that the map shows, in minutes after the newest finding; kinds of region that somebody switched off. */
  moment = $state(0);
  hidden = $state.raw<ReadonlySet<Kind>>(new Set());

  get rows(): Incident[] {
    return listed(live.world?.incidents.values() ?? [], this.view, this.filter);
  }

  /** The incident that keys act on: the open one, or the chosen row. */
  get current(): Incident | null {
    const id = this.opened ?? this.chosen ?? this.rows[0]?.id;
    return (id && live.world?.incidents.get(id)) || null;
  }

  /** The moments that the open incident tells of. */
  get moments(): number[] {
    const incident = this.opened ? live.world?.incidents.get(this.opened) : undefined;
    return incident ? stepsOf(extentsOf(incident)) : [];
  }

  /** Show the next moment; after the last the first. */
  later(): void {
    const after = this.moments.find((one) => one > this.moment);
    this.moment = after ?? this.moments[0] ?? 0;
  }

  /** Show a kind of region on the map, or take it off. */
  show(kind: Kind, on: boolean): void {
    const rest = [...this.hidden].filter((one) => one !== kind);
    this.hidden = new Set(on ? rest : [...rest, kind]);
  }

  go(page: Page): void {
    this.page = page;
    this.choice = null;
    this.remember();
  }

  move(by: 1 | -1): void {
    const ids = this.rows.map((row) => row.id);
    this.chosen = step(ids, this.opened ?? this.chosen, by);
    if (this.opened && this.chosen) this.open(this.chosen);
  }

  open(id: string): void {
    if (this.opened !== id) [this.choice, this.moment] = [null, 0];
    this.page = 'watch';
    this.chosen = id;
    this.opened = id;
    this.mapFirst = false;
    this.remember();
  }

  /** One step back: dialog, choice, incident, filter, in that order. */
  back(): void {
    if (this.dialog !== 'none') this.dialog = 'none';
    else if (this.choice) this.choice = null;
    else if (this.opened) this.opened = null;
    else if (this.sensor) this.sensor = null;
    else this.filter = '';
    this.remember();
  }

  /** Go to a part of the incident page, opening the incident where needed. */
  visit(section: string): void {
    const incident = this.current;
    if (!incident) return;
    this.open(incident.id);
    this.section = section;
  }

  follow(): void {
    const [page, id] = location.hash.replace(/^#\//, '').split('/');
    if (isPage(page)) this.page = page;
    if (this.page === 'watch' && id) this.opened = this.chosen = decodeURIComponent(id);
  }

  private remember(): void {
    const id = this.page === 'watch' && this.opened ? `/${encodeURIComponent(this.opened)}` : '';
    history.replaceState(null, '', `#/${this.page}${id}`);
  }
}

export const ui = new Ui();
