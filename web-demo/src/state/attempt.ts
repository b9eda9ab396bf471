/**
 * One attempt to swap, from the click to the answer.
 *
 * | Phase      | Meaning                                          | Leaves by                         |
 * |------------|--------------------------------------------------|-----------------------------------|
 * | idle       | nothing under way                                | a click                           |
 * | sending    | the request is on its way                        | the answer, or none               |
 * | unanswered | it may or may not have happened                  | sending again, with the same key  |
 * | refused    | it certainly did not happen                      | a new attempt                     |
 * | done       | it happened, and its figures were compared here  | a new attempt                     |
 */
import { ApiError } from '../api/errors';
import type { PoolView, Trade } from '../api/model';
import type { SwapRequest } from '../api/types';
import type { Check } from './check';
import type { Mode } from './quote';
import { describe } from './sentences';

export interface Attempt {
  /** The idempotency key: however often the request is sent, it happens at most once. */
  key: string;
  userId: number;
  body: SwapRequest;
  mode: Mode;
  fixed: bigint;
  /** The pool that was quoted. */
  before: PoolView;
}

export type AttemptState =
  | { phase: 'idle' }
  | { phase: 'sending'; attempt: Attempt }
  | { phase: 'unanswered'; attempt: Attempt; sentence: string }
  | { phase: 'refused'; sentence: string }
  | { phase: 'done'; attempt: Attempt; trade: Trade; check: Check };

/** Refusals of a server that could not say yet, or no longer, what became of the swap. */
const UNDECIDED_STATUS: readonly number[] = [408, 409, 425];

/** Decides whether a failed request may still have swapped. */
export function afterFailure(attempt: Attempt, cause: unknown): AttemptState {
  const sentence = describe(cause);
  if (!(cause instanceof ApiError)) return { phase: 'unanswered', attempt, sentence };
  const undecided =
    cause.code !== 'not_executed' && (cause.status >= 500 || UNDECIDED_STATUS.includes(cause.status));
  return undecided ? { phase: 'unanswered', attempt, sentence } : { phase: 'refused', sentence };
}

/** A random UUID (version 4); `crypto.randomUUID` exists only on https and loopback. */
export function newKey(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6]! & 0x0f) | 0x40;
  bytes[8] = (bytes[8]! & 0x3f) | 0x80;
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}

/** Writes an attempt as text, so that it outlives a reload while its fate is unknown. */
export function writeAttempt(attempt: Attempt): string {
  return JSON.stringify(attempt, (_key, value: unknown) =>
    typeof value === 'bigint' ? { bigint: value.toString() } : value,
  );
}

/** Reads what `writeAttempt` wrote; null when it is something else. */
export function readAttempt(text: string): Attempt | null {
  try {
    const value = JSON.parse(text, (_key, item: unknown) =>
      isWrittenBigint(item) ? BigInt(item.bigint) : item,
    );
    return isAttempt(value) ? value : null;
  } catch {
    return null;
  }
}

function isWrittenBigint(item: unknown): item is { bigint: string } {
  return (
    typeof item === 'object' && item !== null && typeof (item as { bigint?: unknown }).bigint === 'string'
  );
}

function isAttempt(value: unknown): value is Attempt {
  if (typeof value !== 'object' || value === null) return false;
  const { key, userId, body, mode, fixed, before } = value as Partial<Attempt>;
  return (
    typeof key === 'string' &&
    typeof userId === 'number' &&
    typeof fixed === 'bigint' &&
    typeof body?.pool_id === 'number' &&
    typeof before?.seq === 'number' &&
    (mode === 'exactIn' || mode === 'exactOut')
  );
}
