/** One way to talk to the server: JSON both ways, a time limit, refusals as `ApiError`. */
import { answered, unanswered } from '../state/connection';
import { ApiError, NoAnswerError } from './errors';
import { exclusively, leaveTokens, readLeft, readTokens, writeTokens } from './shared';
import { SharedTokens } from './tokens';
import type { Tokens } from './tokens';
import type { RefreshAnswer } from './types';

const TIMEOUT_MS = 15_000;

let onUnauthorised: (why: string | null) => void = () => undefined;

/** The session's tokens; the one that is good is sent with every request. */
export const tokens = new SharedTokens({
  read: readTokens,
  write: writeTokens,
  readLeft,
  leave: leaveTokens,
  exclusively,
  exchange,
  now: () => Date.now(),
});

/** Makes the tokens of an answer, whose lives are in seconds. */
export function tokensOf(access: string, refresh: string, expiresInSeconds: number): Tokens {
  return { access, refresh, endsAt: Date.now() + expiresInSeconds * 1_000 };
}

async function exchange(refresh: string): Promise<Tokens> {
  const response = await send('POST', '/api/auth/refresh', { body: { refreshToken: refresh } }, null);
  const body = await readJson(response);
  if (!response.ok) throw refusal(response, body);
  const { data } = body as RefreshAnswer;
  return tokensOf(data.accessToken, data.refreshToken, data.expiresIn);
}

/** Registers what happens when the session is over; it hears the server's code for why, where the server has said so. */
export function onSessionEnd(listener: (why: string | null) => void): void {
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

export function put<T>(path: string, options: Options = {}): Promise<T> {
  return request<T>('PUT', path, options);
}

/** Calls with `DELETE`, as for ending or removing something. */
export function remove<T>(path: string, options: Options = {}): Promise<T> {
  return request<T>('DELETE', path, options);
}

/** Fetches bytes that are no JSON; they may come from the browser's cache as the server allows. */
export async function getBytes(path: string): Promise<Uint8Array> {
  const transfer: Transfer = { accept: 'application/octet-stream', cache: 'default' };
  const response = await send('GET', path, transfer, await tokens.access());
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
  const token = await tokens.access();
  const response = await send('GET', path, { accept: 'text/event-stream', after, signal }, token);
  if (response.ok && response.body !== null) return { body: response.body, token };
  const error = refusal(response, await readJson(response));
  if (error.status === 401 && (await successor(token)) !== null) return getStream(path, after, signal);
  throw error;
}

/**
 * Gets another token for one that the server no longer accepts; null when there is none.
 *
 * Another tab may have refreshed, and another sign-in may have finished meanwhile.
 *
 * @param why the server's code for the end of what the token opened
 */
export async function successor(refused: string | null, why: string | null = null): Promise<string | null> {
  if (refused === null) return null;
  const next = await tokens.renew(refused);
  if (next === null) onUnauthorised(why);
  return next === refused ? null : next;
}

async function request<T>(method: string, path: string, options: Options): Promise<T> {
  const token = await tokens.access();
  let response = await send(method, path, options, token);
  if (response.status === 401) {
    // A refused token did nothing, so the request can be made again.
    const next = await successor(token);
    if (next !== null) response = await send(method, path, options, next);
  }
  const body = await readJson(response);
  if (response.ok) return body as T;
  throw refusal(response, body);
}

async function send(
  method: string,
  path: string,
  options: Transfer,
  token: string | null,
): Promise<Response> {
  const headers = new Headers({ accept: options.accept ?? 'application/json' });
  if (token !== null) headers.set('authorization', `Bearer ${token}`);
  if (options.after != null) headers.set('last-event-id', options.after);
  if (options.idempotencyKey !== undefined) headers.set('idempotency-key', options.idempotencyKey);
  // The session lives in this browser's storage; the server's cookie, made for pages and forms, is neither sent nor kept.
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
