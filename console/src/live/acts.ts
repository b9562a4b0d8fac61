// What an operator can do to an incident, a proposal or a sensor, each with its way back.
import { didWord, SHELVES, VERDICTS } from '../model/words';
import { clockShort } from '../model/format';
import { proposalFrom, type Incident, type Proposal, type SensorRow, type Verdict } from '../model/wire';
import { path, post, sentenceOf } from './api';
import { standing } from '../model/cases';
import { live } from './live.svelte';
import { ui, type Option } from './ui.svelte';

type Body = Record<string, unknown>;

const say = (text: string, run: (() => void) | null = null, failed = false): void => void (ui.undo = { text, run, failed });

/** Show an error where the undo line stands; it stays until the next action. */
export const sayFailed = (error: unknown): void => say(sentenceOf(error), null, true);

async function onIncident(incident: Incident, verb: string, body: Body = {}): Promise<boolean> {
  try {
    live.take({ event: 'incident', data: await post<Partial<Incident>>(path('incidents', incident.id, verb), body) });
    return true;
  } catch (error) {
    sayFailed(error);
    return false;
  }
}

async function withUndo(incident: Incident, verb: string, body: Body, said: string, back: [string, Body] | null): Promise<void> {
  if (!(await onIncident(incident, verb, body))) return;
  const undo = back && (() => void onIncident(incident, back[0], back[1]).then((done) => done && say('Undone.')));
  say(`${said}: ${incident.title}`, undo);
}

export const acknowledge = (incident: Incident): Promise<void> =>
  withUndo(incident, 'acknowledge', {}, 'Acknowledged', ['unacknowledge', {}]);

export const shelve = (incident: Incident, until: number): Promise<void> =>
  withUndo(incident, 'shelve', { until }, `Shelved until ${clockShort(until)}`, ['unshelve', {}]);

export const unshelve = (incident: Incident): Promise<void> => withUndo(incident, 'unshelve', {}, 'Back in the list', null);

export const assign = (incident: Incident, to: string, name: string): Promise<void> =>
  withUndo(incident, 'assign', { to }, `Assigned to ${name}`, ['assign', { to: incident.assignee }]);

export const close = (incident: Incident, verdict: Verdict, text = ''): Promise<void> =>
  withUndo(incident, 'close', { verdict, text }, `Closed as ${verdict}`, ['reopen', {}]);

export const reopen = (incident: Incident): Promise<void> => withUndo(incident, 'reopen', {}, 'Open again', null);

export const note = (incident: Incident, text: string): Promise<boolean> => onIncident(incident, 'note', { text });

export const handOver = (incident: Incident, to: string, text: string): Promise<void> =>
  withUndo(incident, 'hand-over', { to, text }, `Handed over to ${to}`, ['assign', { to: incident.assignee }]);

export const merge = (incident: Incident, others: string[]): Promise<void> =>
  withUndo(incident, 'merge', { others }, `Merged ${others.length} into this one`, null);

export const split = (incident: Incident, stages: string[]): Promise<void> =>
  withUndo(incident, 'split', { others: stages }, 'Split off', null);

/** Do something to a proposal; answers whether the server accepted it, or its objection. */
export async function propose(proposal: Proposal, verb: string, body: Body = {}): Promise<string> {
  try {
    const answer = proposalFrom(await post<Partial<Proposal>>(path('proposals', proposal.id, verb), body));
    live.take({ event: 'proposal', data: answer });
    const waits = verb === 'approve' && standing(answer) === 'waiting';
    say(waits ? 'Your approval is noted. Nothing is sent before another person approves too.' : `${proposal.title}: ${didWord(verb)}`);
    return '';
  } catch (error) {
    return sentenceOf(error);
  }
}

/** Do something to a sensor, such as accept it or aim it. */
export async function tend(sensor: SensorRow, verb: string, body: Body = {}): Promise<boolean> {
  try {
    const row = await post<Partial<SensorRow>>(path('sensors', sensor.id, verb), body);
    live.take({ event: 'sensor', data: [{ ...row, id: sensor.id }] }); // whole: what is left out of it is as usual
    say(`${sensor.name}: ${didWord(verb)}`);
    return true;
  } catch (error) {
    sayFailed(error);
    return false;
  }
}

/** Run an option and put the choice away. */
const then = (run: () => void) => (): void => {
  ui.choice = null;
  run();
};

function verdictOptions(incident: Incident): Option[] {
  return VERDICTS.map(({ key, verdict, label }) => ({ key, label, run: then(() => void close(incident, verdict)) }));
}

function shelfOptions(incident: Incident): Option[] {
  return SHELVES.map(({ key, minutes, label }) => ({ key, label, run: then(() => void shelve(incident, live.now + minutes * 60)) }));
}

function assignOptions(incident: Incident): Option[] {
  const people = (live.world?.operators ?? []).slice(0, 9);
  return people.map(({ account, name }, i) => ({ key: String(i + 1), label: name, run: then(() => void assign(incident, account, name)) }));
}

/** Ask for the second key of a two-key act. */
export function ask(kind: 'verdict' | 'shelve' | 'assign', incident: Incident): void {
  const asked = {
    verdict: { title: 'Close as', options: verdictOptions },
    shelve: { title: 'Shelve for', options: shelfOptions },
    assign: { title: 'Assign to', options: assignOptions },
  }[kind];
  ui.choice = { title: `${asked.title} · ${incident.title}`, options: asked.options(incident) };
}
