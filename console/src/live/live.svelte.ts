// The living copy of the server's state: loaded once, kept by the stream, honest about its age.
import { reduce, worldFrom, type Message, type World } from '../model/world';
import type { Incident, StateMessage } from '../model/wire';
import { get, Problem, remove, sentenceOf } from './api';
import { listen, type Stream } from './stream';

export interface Session {
  account: string;
  name: string;
  role: string;
}

/** Seconds without a tick after which the view calls itself stale. */
export const STALE_AFTER_S = 5;
const RETRY_MS = 3000;

class Live {
  session = $state.raw<Session | null>(null);
  phase = $state<'asking' | 'signed-out' | 'ready'>('asking');
  world = $state.raw<World | null>(null);
  trouble = $state('');
  now = $state(Date.now() / 1000);
  silent_s = $state(0);
  onIncident: (incident: Incident, fresh: boolean) => void = () => undefined;
  private stream: Stream | null = null;
  private retry: ReturnType<typeof setTimeout> | undefined;
  private offset_s = 0;
  private heardAt_s = performance.now() / 1000;

  get stale(): boolean {
    return this.silent_s > STALE_AFTER_S;
  }

  /** Ask who we are; load when signed in. Repeats until the server answers. */
  async start(): Promise<void> {
    this.retry = undefined;
    try {
      this.session = await get<Session>('/api/session');
      await this.load();
    } catch (error) {
      this.failed(error);
    }
  }

  async signedIn(session: Session): Promise<void> {
    this.session = session;
    await this.load();
  }

  async signOut(): Promise<void> {
    this.stream?.close();
    await remove('/api/session');
    this.session = null;
    this.phase = 'signed-out';
  }

  /** Advance the clock that the page shows, and notice silence. */
  beat(): void {
    this.now = Date.now() / 1000 + this.offset_s;
    this.silent_s = this.world ? performance.now() / 1000 - this.heardAt_s : 0;
  }

  /** Take an answer of the server at once, before the stream repeats it. */
  take(message: Message): void {
    if (!this.world) return;
    const known = message.event === 'incident' && this.world.incidents.has(message.data.id ?? '');
    this.world = reduce(this.world, message);
    const incident = message.event === 'incident' ? this.world.incidents.get(message.data.id ?? '') : undefined;
    if (incident) this.onIncident(incident, !known);
  }

  private failed(error: unknown): void {
    if (error instanceof Problem && error.status === 401) {
      this.stream?.close();
      this.phase = 'signed-out';
      return;
    }
    this.trouble = sentenceOf(error);
    if (!this.retry) this.retry = setTimeout(() => void this.start(), RETRY_MS);
  }

  private async load(): Promise<void> {
    this.stream?.close();
    const state = await get<StateMessage>('/api/state');
    this.world = worldFrom(state);
    this.trouble = '';
    this.heard(state.now);
    this.phase = 'ready';
    this.stream = listen(String(state.event ?? ''), {
      message: (message) => this.take(message),
      tick: (now) => this.heard(now),
      reset: () => void this.load().catch((error: unknown) => this.failed(error)),
      refused: () => void this.verifySession(),
    });
  }

  private heard(now: number): void {
    this.offset_s = now - Date.now() / 1000;
    this.heardAt_s = performance.now() / 1000;
    this.beat();
  }

  /** The stream was refused: the session may have ended. */
  private async verifySession(): Promise<void> {
    try {
      await get<Session>('/api/session');
    } catch (error) {
      this.failed(error);
    }
  }
}

export const live = new Live();
