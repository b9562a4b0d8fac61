// Calls to our own origin: JSON in, JSON out, and errors as the server words them.

/** What went wrong, what to do next, and a code to search for (RFC 9457). */
export class Problem extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    readonly title: string,
    readonly detail: string,
    readonly next: string,
  ) {
    super(detail || title);
  }
}

const text = (value: unknown, otherwise: string): string => (typeof value === 'string' && value ? value : otherwise);

async function problemFrom(answer: Response): Promise<Problem> {
  const body = (await answer.json().catch(() => ({}))) as Record<string, unknown>;
  const title = text(body.title, `The server answered ${answer.status}`);
  return new Problem(answer.status, text(body.code, `http-${answer.status}`), title, text(body.detail, ''), text(body.next, ''));
}

function unreachable(): Problem {
  const next = 'Check that the server runs; this page reconnects by itself.';
  return new Problem(0, 'unreachable', 'The server does not answer', 'Nothing was changed.', next);
}

const call = (method: string, path: string, body?: unknown): Promise<Response> =>
  send(method, path, 'application/json', body === undefined ? undefined : JSON.stringify(body));

async function send(method: string, path: string, media: string, body?: BodyInit): Promise<Response> {
  const headers: Record<string, string> = method === 'GET' ? {} : { 'X-Tocsin': '1', 'Content-Type': media };
  const sent = body === undefined ? {} : { body };
  const answer = await fetch(path, { method, headers, credentials: 'same-origin', ...sent }).catch(() => null);
  if (answer === null) throw unreachable();
  if (!answer.ok) throw await problemFrom(answer);
  return answer;
}

/** Fetch JSON; throws Problem. */
export const get = async <T>(path: string): Promise<T> => (await call('GET', path)).json() as Promise<T>;

/** Post JSON and read the answer; throws Problem. */
export const post = async <T>(path: string, body: unknown = {}): Promise<T> => (await call('POST', path, body)).json() as Promise<T>;

/** Post a text, such as a file, as it is; throws Problem. */
export const postText = async <T>(path: string, body: Blob): Promise<T> => (await send('POST', path, 'text/plain', body)).json() as Promise<T>;

/** Delete; throws Problem. */
export const remove = async (path: string): Promise<void> => void (await call('DELETE', path));

/** A path with an id in it, escaped. */
export const path = (kind: string, id: string, verb: string): string => `/api/${kind}/${encodeURIComponent(id)}/${verb}`;

/** The sentence to show for any error. */
export function sentenceOf(error: unknown): string {
  if (!(error instanceof Problem)) return String(error);
  return [error.title, error.detail, error.next].filter(Boolean).join(' · ') + ` (${error.code})`;
}
