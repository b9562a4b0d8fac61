// Asking for a name: which tokens could be asked about, and the request that another person answers.
import { post, sentenceOf } from './api';
import { ui } from './ui.svelte';

class Naming {
  /** The tokens that were seen where the dialog was opened from, and the incident there. */
  of = $state.raw<{ tokens: string[]; incident: string } | null>(null);

  begin(tokens: string[], incident: string): void {
    this.of = { tokens, incident };
    ui.dialog = 'name';
  }
}

export const naming = new Naming();

/** Ask whose token this is; answers the objection, empty where it was done. */
export async function askForName(token: string, reason: string, incident: string): Promise<string> {
  try {
    await post('/api/names', { token, reason, incident });
  } catch (error) {
    return sentenceOf(error);
  }
  ui.undo = { text: 'The name is asked for: another person has 15 minutes to answer.', run: null, failed: false };
  return '';
}
