// The event stream: opened after a known event, resumed by id, reopened when it breaks.
import type { Message } from '../model/world';

const EVENTS: Message['event'][] = ['incident', 'proposal', 'outcome', 'sensor', 'finding', 'system'];
const REOPEN_MS = 2000;

export interface Hearing {
  message: (message: Message) => void;
  tick: (now: number) => void;
  reset: () => void;
  refused: () => void;
}

export interface Stream {
  close: () => void;
}

function attach(source: EventSource, heard: (id: string) => void, hearing: Hearing): void {
  for (const event of EVENTS)
    source.addEventListener(event, (raw) => {
      heard(raw.lastEventId);
      hearing.message({ event, data: JSON.parse(raw.data as string) } as Message);
    });
  source.addEventListener('tick', (raw) => hearing.tick((JSON.parse(raw.data as string) as { now: number }).now));
  source.addEventListener('reset', () => hearing.reset());
}

/** Listen from `after` on. The browser resumes by Last-Event-ID; a closed stream is opened again here. */
export function listen(after: string, hearing: Hearing): Stream {
  let last = after;
  let source: EventSource | null = null;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const open = (): void => {
    source = new EventSource(`/api/events?after=${encodeURIComponent(last)}`);
    attach(source, (id) => (last = id || last), hearing);
    source.addEventListener('error', () => {
      if (source?.readyState !== EventSource.CLOSED) return; // still reconnecting by itself
      hearing.refused();
      timer = setTimeout(open, REOPEN_MS);
    });
  };
  open();
  return {
    close: () => {
      clearTimeout(timer);
      source?.close();
    },
  };
}
