/**
 * Follows what happens to the signed-in person by their own stream, so that every tab shows what they have.
 *
 * | State        | Meaning                                        | Balances come                       |
 * |--------------|------------------------------------------------|-------------------------------------|
 * | live         | the stream is open                             | by themselves                       |
 * | reconnecting | it broke off; tried again, ever more seldom    | when asked for, as after a swap     |
 */
import { computed, effect, signal, untracked } from '@preact/signals';
import { ApiError } from '../api/errors';
import { followOwnStream } from '../api/own-stream';
import { acceptBalances, forgetNews, loadBalances, noteNews, ownLive } from './balances';
import { answered, deviceOnline } from './connection';
import { noteKeys } from './keys';
import { loadPayments, notePayment } from './payments';
import { acceptSats, loadSats } from './sats';
import { userId } from './session';

const RETRY_FIRST_MS = 1_000;
const RETRY_MAX_MS = 30_000;
/** A stream that lived for so long was sound: what ended it is no reason to wait. */
const SOUND_MS = 10_000;
/** A tab that is out of sight lets go soon: browsers open six connections to a server, for all tabs together. */
const HIDDEN_MS = 10_000;
/** Refusals of a position that the server does not know, as after it was set back. */
const LOST_POSITION: readonly string[] = ['position_in_future', 'invalid_last_event_id'];

const inSight = signal(true);

const followedUser = computed(() => (inSight.value && deviceOnline.value ? userId.value : null));

/** Where the stream of whom is resumed; it outlives a pause, not another sign-in. */
let resumed: { userId: number; after: string } | null = null;

export function followOwn(): void {
  watchSight();
  effect(() => {
    const who = userId.value;
    untracked(() => {
      if (who !== resumed?.userId) resumed = null;
      forgetNews();
    });
  });
  effect(() => {
    const id = followedUser.value;
    return id === null ? undefined : untracked(() => follow(id));
  });
}

function watchSight(): void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  document.addEventListener('visibilitychange', () => {
    clearTimeout(timer);
    if (!document.hidden) inSight.value = true;
    else
      timer = setTimeout(() => {
        inSight.value = false;
      }, HIDDEN_MS);
  });
}

/** Keeps a stream open until the function that comes back is called. */
function follow(userId: number): () => void {
  const stop = new AbortController();
  void keepOpen(userId, stop.signal);
  return () => {
    stop.abort();
    ownLive.value = false;
  };
}

async function keepOpen(userId: number, signal: AbortSignal): Promise<void> {
  let waitMs = RETRY_FIRST_MS;
  while (!signal.aborted) {
    const began = Date.now();
    const failure = await once(userId, signal).catch((cause: unknown) => cause);
    if (signal.aborted) return;
    const wasLive = ownLive.peek();
    ownLive.value = false;
    if (isFinal(failure)) return void loadHeld();
    if (wasLive || waitMs === RETRY_FIRST_MS) void loadHeld();
    if (wasLive && Date.now() - began > SOUND_MS) waitMs = RETRY_FIRST_MS;
    const asked = failure instanceof ApiError ? (failure.retryAfterSeconds ?? 0) * 1_000 : 0;
    await pause(Math.max(asked, waitMs), signal);
    waitMs = Math.min(RETRY_MAX_MS, waitMs * 2);
  }
}

async function loadHeld(): Promise<void> {
  await Promise.all([loadBalances(), loadSats()]);
}

/** Whether trying again cannot help; the position is no longer used when it is the reason. */
function isFinal(failure: unknown): boolean {
  if (!(failure instanceof ApiError)) return false;
  if (LOST_POSITION.includes(failure.code)) {
    resumed = null;
    // What happened in between is never told.
    void loadPayments();
    return false;
  }
  return failure.status === 401 || failure.status === 403;
}

async function once(userId: number, signal: AbortSignal): Promise<void> {
  await followOwnStream(resumed?.after ?? null, signal, {
    opened: () => {
      ownLive.value = true;
    },
    alive: () => answered(null),
    balances: acceptBalances,
    sats: acceptSats,
    payment: (moved) => void notePayment(moved),
    granted: noteNews,
    keysChanged: noteKeys,
    position: (after) => {
      resumed = { userId, after };
    },
  });
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal.addEventListener('abort', done);
  });
}
