/** One way to talk to the server: JSON both ways, a time limit, refusals as `ApiError`. */
import { answered, unanswered } from '../state/connection';
import { ApiError, NoAnswerError } from './errors';

const TIMEOUT_MS = 15_000;

let bearer: string | null = null;
let onUnauthorised: () => void = () => undefined;

/** Sets the session's token, which is then sent with every request. */
export function useToken(token: string | null): void {
  bearer = token;
}

/** Registers what happens when the server no longer accepts the token that was sent. */
export function onSessionEnd(listener: () => void): void {
  onUnauthorised = listener;
}

export interface Options {
  body?: object;
  idempotencyKey?: string;
}

interface Transfer extends Options {
  accept?: string;
  cache?: RequestCache;
  /** The last event that arrived. */
  after?: string | null;
  /** Ends the request; without it, time does. */
  signal?: AbortSignal;
}

export function get<T>(path: string): Promise<T> {
  return request<T>('GET', path, {});
}

export function post<T>(path: string, options: Options = {}): Promise<T> {
  return request<T>('POST', path, options);
}

/** Fetches bytes that are no JSON; they may come from the browser's cache as the server allows. */
export async function getBytes(path: string): Promise<Uint8Array> {
  const response = await send('GET', path, { accept: 'application/octet-stream', cache: 'default' });
  if (!response.ok) throw refusal(response, await readJson(response));
  try {
    return new Uint8Array(await response.arrayBuffer());
  } catch (cause) {
    throw new NoAnswerError('The answer broke off.', { cause });
  }
}

export interface OpenStream {
  body: ReadableStream<Uint8Array>;
  /** The token that it was opened with. */
  token: string | null;
}

/** Opens a stream of the session's own, after the event `after`; it lives until `signal` ends it. */
export async function getStream(
  path: string,
  after: string | null,
  signal: AbortSignal,
): Promise<OpenStream> {
  const token = bearer;
  const response = await send('GET', path, { accept: 'text/event-stream', after, signal });
  if (response.ok && response.body !== null) return { body: response.body, token };
  const error = refusal(response, await readJson(response));
  if (error.status === 401) endOfSession(token);
  throw error;
}

/** Notes that the server no longer accepts a token; another sign-in may have finished meanwhile. */
export function endOfSession(token: string | null): void {
  if (token !== null && token === bearer) onUnauthorised();
}

async function request<T>(method: string, path: string, options: Options): Promise<T> {
  const sent = bearer;
  const response = await send(method, path, options);
  const body = await readJson(response);
  if (response.ok) return body as T;
  const error = refusal(response, body);
  if (error.status === 401) endOfSession(sent);
  throw error;
}

async function send(method: string, path: string, options: Transfer): Promise<Response> {
  const headers = new Headers({ accept: options.accept ?? 'application/json' });
  if (bearer !== null) headers.set('authorization', `Bearer ${bearer}`);
  if (options.after != null) headers.set('last-event-id', options.after);
  if (options.idempotencyKey !== undefined) headers.set('idempotency-key', options.idempotencyKey);
  // The session lives in this tab; the server's cookie, made for pages and forms, is neither sent nor kept.
  const init: RequestInit = { method, headers, credentials: 'omit', cache: options.cache ?? 'no-store' };
  if (options.body !== undefined) {
    headers.set('content-type', 'application/json');
    init.body = JSON.stringify(options.body);
  }
  try {
    const response = await fetch(path, {
      ...init,
      signal: options.signal ?? AbortSignal.timeout(TIMEOUT_MS),
    });
    answered(response.headers.get('date'));
    return response;
  } catch (cause) {
    if (options.signal?.aborted !== true) unanswered();
    throw new NoAnswerError('The server did not answer.', { cause });
  }
}

async function readJson(response: Response): Promise<unknown> {
  try {
    return await response.json();
  } catch (cause) {
    if (!response.ok) return null;
    throw new NoAnswerError('The answer broke off or is not what this page expects.', { cause });
  }
}

function refusal(response: Response, body: unknown): ApiError {
  const fields = typeof body === 'object' && body !== null ? (body as Record<string, unknown>) : {};
  const text = (key: string): string | null => (typeof fields[key] === 'string' ? fields[key] : null);
  const retryAfter = Number.parseInt(response.headers.get('retry-after') ?? '', 10);
  return new ApiError(
    response.status,
    text('code') ?? text('error') ?? `http_${response.status}`,
    text('message') ?? `The server answered with status ${response.status}.`,
    text('request_id') ?? response.headers.get('x-request-id'),
    Number.isNaN(retryAfter) ? null : retryAfter,
  );
}
