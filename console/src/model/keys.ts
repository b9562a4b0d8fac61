// The keys: what each does, how a press is recognised, how they are remapped (WCAG 2.1.4).

export const ACTIONS = [
  { id: 'next', key: 'j', label: 'Next incident' },
  { id: 'previous', key: 'k', label: 'Previous incident' },
  { id: 'open', key: 'Enter', label: 'Open the chosen incident' },
  { id: 'back', key: 'Escape', label: 'Back, close, cancel' },
  { id: 'acknowledge', key: 'a', label: 'Acknowledge' },
  { id: 'shelve', key: 's', label: 'Shelve, then 1 to 4 for how long' },
  { id: 'assign', key: 'e', label: 'Assign, then a number for whom' },
  { id: 'note', key: 'n', label: 'Write a note' },
  { id: 'proposals', key: 'p', label: 'Playbook and proposals' },
  { id: 'rehearse', key: 'r', label: 'Rehearse: see what would be sent, send nothing' },
  { id: 'ledger', key: 'i', label: 'Intrusion and ledger' },
  { id: 'verdict', key: 'v', label: 'Close with a verdict, then T B F U' },
  { id: 'undo', key: 'u', label: 'Undo the last action' },
  { id: 'map', key: 'm', label: 'Map' },
  { id: 'moment', key: 't', label: 'Map: the next moment (now, +5 min …)' },
  { id: 'buildings', key: '3', label: 'Buildings in 3-D' },
  { id: 'filter', key: '/', label: 'Filter the list' },
  { id: 'palette', key: 'Ctrl+k', label: 'Find anything' },
  { id: 'help', key: '?', label: 'This help' },
] as const;

export type ActionId = (typeof ACTIONS)[number]['id'];
export type Bindings = Record<ActionId, string>;

export const DEFAULT_BINDINGS = Object.fromEntries(ACTIONS.map(({ id, key }) => [id, key])) as Bindings;

export interface Press {
  key: string;
  ctrlKey: boolean;
  metaKey: boolean;
  altKey: boolean;
}

/** A press as it is written in a binding: j, Enter, Ctrl+k. Empty for a lone modifier. */
export function pressName(press: Press): string {
  if (['Shift', 'Control', 'Alt', 'Meta'].includes(press.key)) return '';
  const key = press.key.length === 1 ? press.key.toLowerCase() : press.key;
  return `${press.ctrlKey || press.metaKey ? 'Ctrl+' : ''}${press.altKey ? 'Alt+' : ''}${key}`;
}

/** One printable character without a modifier: what WCAG 2.1.4 lets people switch off. */
export const isCharacter = (binding: string): boolean => [...binding].length === 1;

/** The action that a press stands for, or null. */
export function actionFor(bindings: Bindings, characters: boolean, press: string): ActionId | null {
  if (!press || (isCharacter(press) && !characters)) return null;
  return ACTIONS.find(({ id }) => bindings[id] === press)?.id ?? null;
}

/** New bindings, or the action that already has that key. */
export function remapped(bindings: Bindings, action: ActionId, press: string): Bindings | ActionId {
  const taken = ACTIONS.find(({ id }) => id !== action && bindings[id] === press);
  return taken ? taken.id : { ...bindings, [action]: press };
}

/** Bindings read from storage: anything that is no text falls back to the default. */
export function bindingsFrom(stored: unknown): Bindings {
  const given = typeof stored === 'object' && stored !== null ? (stored as Record<string, unknown>) : {};
  const rows = ACTIONS.map(({ id, key }) => [id, typeof given[id] === 'string' && given[id] ? given[id] : key]);
  return Object.fromEntries(rows) as Bindings;
}

/** A binding as it is printed on a control. */
export function keyWord(binding: string): string {
  const words: Record<string, string> = { Escape: 'Esc', ' ': 'Space', ArrowUp: '↑', ArrowDown: '↓' };
  const parts = binding.split('+').map((part) => words[part] ?? (part.length === 1 ? part.toUpperCase() : part));
  return binding === '+' ? '+' : parts.join(' ');
}
