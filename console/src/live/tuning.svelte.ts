// Tuning rules: which one is being tuned, and the decision with its way back.
import { moment, tuned } from '../model/rules';
import type { Mark, RuleLine } from '../model/wire';
import { post, sentenceOf } from './api';
import { live } from './live.svelte';
import { ui } from './ui.svelte';

class Tuning {
  /** The rule that the dialog is about, and what it found where it was opened from. */
  of = $state.raw<{ rule: RuleLine; marks: Mark[] } | null>(null);
  /** Counts decisions, so that what shows a rule asks for it anew. */
  changed = $state(0);

  begin(rule: RuleLine, marks: Mark[]): void {
    this.of = { rule, marks };
    ui.dialog = 'tune';
  }
}

export const tuning = new Tuning();

async function decide(rule: RuleLine, verb: string, body: Record<string, unknown>): Promise<RuleLine> {
  const answer = await post<RuleLine>(`/api/rules/${encodeURIComponent(rule.id)}/${verb}`, body);
  tuning.changed += 1;
  return answer;
}

/** Suppress a rule, or except events from it; answers the objection, empty where it was done. */
export async function tuneRule(rule: RuleLine, verb: string, body: { text: string; until: number; others?: string[] }): Promise<string> {
  try {
    await decide(rule, verb, body);
  } catch (error) {
    return sentenceOf(error);
  }
  const done = verb === 'suppress-rule' ? 'Suppressed' : 'Exception made';
  const run = tuned(rule) ? null : (): void => void liftRule(rule);
  ui.undo = { text: `${done} until ${moment(body.until, live.now)}: ${rule.title}`, run, failed: false };
  return '';
}

/** Put a rule back in force, without exceptions. */
export async function liftRule(rule: RuleLine): Promise<void> {
  try {
    await decide(rule, 'lift-rule', {});
    ui.undo = { text: `In force again, without exceptions: ${rule.title}`, run: null, failed: false };
  } catch (error) {
    ui.undo = { text: sentenceOf(error), run: null, failed: true };
  }
}
