// The names of ATT&CK's tactics and techniques, fetched once when the first is needed.
import { get } from './api';

interface Names {
  tactics: Record<string, string>;
  techniques: Record<string, string>;
}

class Attack {
  private names = $state.raw<Names>({ tactics: {}, techniques: {} });
  private asked = false;

  /** The plain name of a tactic; its short name in words until it is known. */
  tactic(short: string): string {
    return this.names.tactics[short] ?? short.replaceAll('-', ' ');
  }

  /** The id of a technique with its name, where it is known: T0846 Remote System Discovery. */
  technique(id: string): string {
    return `${id} ${this.names.techniques[id] ?? this.names.techniques[id.split('.')[0] ?? ''] ?? ''}`.trim();
  }

  /** Ask for the names, once; codes alone are shown where that fails. */
  ask(): void {
    if (this.asked) return;
    this.asked = true;
    get<Names>('/api/attack').then(
      (names) => (this.names = names),
      () => (this.asked = false),
    );
  }
}

export const attack = new Attack();
