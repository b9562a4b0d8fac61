// From a key press to what it does.
import { tick } from 'svelte';
import { goesOn, unacknowledged } from '../model/cases';
import { actionFor, isCharacter, pressName, type ActionId } from '../model/keys';
import { acknowledge, ask } from './acts';
import { settings } from './settings.svelte';
import { ui } from './ui.svelte';

const focusOn = (id: string): void => document.getElementById(id)?.focus();

function onCurrent(act: (incident: NonNullable<typeof ui.current>) => unknown): () => void {
  return () => {
    if (ui.page === 'watch' && ui.current) act(ui.current);
  };
}

const RUN: Record<ActionId, () => void> = {
  next: () => ui.move(1),
  previous: () => ui.move(-1),
  open: onCurrent((incident) => ui.open(incident.id)),
  back: () => ui.back(),
  acknowledge: onCurrent((incident) => unacknowledged(incident) && void acknowledge(incident)),
  shelve: onCurrent((incident) => goesOn(incident) && ask('shelve', incident)),
  assign: onCurrent((incident) => goesOn(incident) && ask('assign', incident)),
  verdict: onCurrent((incident) => goesOn(incident) && ask('verdict', incident)),
  note: () => ui.visit('notes'),
  proposals: () => ui.visit('proposals'),
  rehearse: () => ui.visit('rehearse'),
  ledger: () => ui.visit('ledger'),
  undo: () => ui.undo?.run?.(),
  map: () => {
    ui.mapFirst = !ui.mapFirst;
    if (ui.mapFirst) document.querySelector<HTMLElement>('.maplibregl-canvas')?.focus();
  },
  moment: () => ui.later(),
  buildings: () => void (ui.buildings = !ui.buildings),
  filter: () => {
    ui.go('watch');
    void tick().then(() => focusOn('filter'));
  },
  palette: () => void (ui.dialog = 'palette'),
  help: () => void (ui.dialog = ui.dialog === 'help' ? 'none' : 'help'),
};

/** People are typing: only keys that no text holds count. */
function typing(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && target.matches('input:not([type=checkbox],[type=radio]), textarea, select, [data-capture]');
}

/** Enter on a focused control belongs to that control. */
function belongsToControl(target: EventTarget | null, press: string): boolean {
  return press === 'Enter' && target instanceof HTMLElement && target.matches('button, a, summary, [role=option], input');
}

function chosenOption(press: string): (() => void) | null {
  if (!ui.choice || !settings.characters) return null;
  return ui.choice.options.find((option) => option.key === press)?.run ?? null;
}

/** While a dialog stands, keys are its own; Esc, and the key that shut the help, still close it. */
const allowed = (action: ActionId): boolean => ui.dialog === 'none' || action === 'back' || (action === 'help' && ui.dialog === 'help');

/** Handle one press anywhere on the page. */
export function onPress(event: KeyboardEvent): void {
  const press = pressName(event);
  const inText = typing(event.target);
  if (event.defaultPrevented || event.repeat && !['j', 'k'].includes(press)) return;
  if (belongsToControl(event.target, press) || (inText && isCharacter(press))) return;
  const action = actionFor(settings.bindings, settings.characters, press);
  const run = chosenOption(press) ?? (action && allowed(action) ? RUN[action] : null);
  if (!run) return;
  if (inText && action === 'back' && event.target instanceof HTMLElement) event.target.blur();
  else run();
  event.preventDefault();
}
