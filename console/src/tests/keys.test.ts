// Keys: no two actions share one, remapping refuses a taken key, single characters can be switched off.
import { expect, it } from 'vitest';
import { ACTIONS, actionFor, bindingsFrom, DEFAULT_BINDINGS, isCharacter, keyWord, pressName, remapped } from '../model/keys';
import { SHELVES, VERDICTS } from '../model/words';

const press = (key: string, held: Partial<Record<'ctrlKey' | 'metaKey' | 'altKey', boolean>> = {}) => pressName({ key, ctrlKey: false, metaKey: false, altKey: false, ...held });

it('gives every action its own key', () => expect(new Set(Object.values(DEFAULT_BINDINGS)).size).toBe(ACTIONS.length));

it.each([
  ['j', 'next'], ['k', 'previous'], ['Enter', 'open'], ['Escape', 'back'], ['A', 'acknowledge'], ['S', 'shelve'], ['E', 'assign'], ['N', 'note'], ['P', 'proposals'],
  ['R', 'rehearse'], ['I', 'ledger'], ['V', 'verdict'], ['M', 'map'], ['3', 'buildings'], ['T', 'moment'], ['/', 'filter'], ['?', 'help'],
])('%s means %s', (key, action) => expect(actionFor(DEFAULT_BINDINGS, true, press(key))).toBe(action));

it('opens the palette with Ctrl or Cmd', () => {
  for (const held of [{ ctrlKey: true }, { metaKey: true }]) expect(actionFor(DEFAULT_BINDINGS, true, press('k', held))).toBe('palette');
});

it('does nothing for a lone modifier or an unknown key', () => {
  for (const key of ['Shift', 'Control', 'F7', 'q']) expect(actionFor(DEFAULT_BINDINGS, true, press(key))).toBeNull();
});

it('keeps only keys that are no character when these are switched off', () => {
  const left = ACTIONS.filter(({ id }) => actionFor(DEFAULT_BINDINGS, false, DEFAULT_BINDINGS[id]) !== null);
  expect(left.map(({ id }) => id)).toEqual(['open', 'back', 'palette']);
});

it('remaps to a free key and names the owner of a taken one', () => {
  expect(remapped(DEFAULT_BINDINGS, 'acknowledge', 'q')).toMatchObject({ acknowledge: 'q', shelve: 's' });
  expect(remapped(DEFAULT_BINDINGS, 'acknowledge', 's')).toBe('shelve');
  expect(remapped(DEFAULT_BINDINGS, 'shelve', 's')).toEqual(DEFAULT_BINDINGS);
});

it.each([null, 'x', 3, [], { next: 4 }, { next: '' }])('reads damaged settings %j as the defaults', (stored) => expect(bindingsFrom(stored)).toEqual(DEFAULT_BINDINGS));

it('keeps what was remapped', () => expect(bindingsFrom({ next: 'x', unheard: 'y' })).toEqual({ ...DEFAULT_BINDINGS, next: 'x' }));

it('offers second keys that differ and are characters', () => {
  for (const keys of [VERDICTS, SHELVES].map((rows) => rows.map((row) => row.key))) {
    expect(new Set(keys).size).toBe(keys.length);
    expect(keys.every(isCharacter)).toBe(true);
  }
});

it('prints keys as they stand on a keyboard', () => expect(['a', 'Escape', 'Ctrl+k', '?'].map(keyWord)).toEqual(['A', 'Esc', 'Ctrl K', '?']));
