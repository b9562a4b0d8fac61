// Masked pictures as they come: one request after the other, never two at once, honest about their age.
import { path } from '../live/api';
import type { Shown } from '../model/cameras';

const WAIT_S = 3;
const PAUSE_MS = 1500;

const number = (answer: Response, name: string): number => Number(answer.headers.get(name) ?? 0);

async function shownFrom(answer: Response): Promise<Shown> {
  const url = URL.createObjectURL(await answer.blob());
  const kind = answer.headers.get('x-kind') ?? 'masked';
  return { url, number: number(answer, 'x-number'), at: number(answer, 'x-at'), persons: number(answer, 'x-persons'), filled: number(answer, 'x-filled'), kind };
}

/** Follow a camera until the returned function is called; `shown` gets each picture, `lost` what went wrong. */
export function follow(id: string, shown: (picture: Shown) => void, lost: (status: number) => void): () => void {
  let after = 0;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const ended = new AbortController();

  async function next(): Promise<void> {
    const address = `${path('cameras', id, 'picture')}?after=${after}&wait_s=${WAIT_S}`;
    const answer = await fetch(address, { credentials: 'same-origin', signal: ended.signal }).catch(() => null);
    if (ended.signal.aborted) return;
    if (answer?.status === 200) {
      const picture = await shownFrom(answer);
      after = picture.number;
      shown(picture);
    } else if (answer?.status !== 204) lost(answer?.status ?? 0);
    timer = setTimeout(() => void next(), answer?.ok ? 0 : PAUSE_MS);
  }

  void next();
  return () => {
    ended.abort();
    clearTimeout(timer);
  };
}
