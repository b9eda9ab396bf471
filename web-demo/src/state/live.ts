/**
 * Follows the pool that is looked at by the server's stream.
 *
 * Each trade is computed again here; whatever does not follow is asked for. While there is no stream, `start.ts` asks
 * at intervals, so the page never depends on one.
 */
import { computed, effect, signal, untracked } from '@preact/signals';
import { fetchTrades } from '../api/calls';
import type { PoolView, Trade } from '../api/model';
import { openStream } from '../api/stream';
import { refreshBalances } from './balances';
import { answered, deviceOnline } from './connection';
import { acceptPool, acceptTrades, loadPools, noteTrades, pool, pools, trades } from './pools';
import { user } from './session';

/** Whether trades arrive by themselves. */
export const isLive = signal(false);

/** Trades that arrive close together are applied together. */
const GATHER_MS = 50;
/** How long the browser's own attempts are left alone, and how long to wait at most after it has given up. */
const RETRY_FIRST_MS = 2_000;
const RETRY_MAX_MS = 60_000;
/** A tab that is out of sight for so long lets go: browsers open six connections to a server, for all tabs together. */
const HIDDEN_MS = 60_000;
/** How soon after somebody's trade it is looked up whether it was one's own, made in another tab. */
const OWN_AFTER_MS = 700;
const OWN_LOOKED_AT = 12;

const inSight = signal(true);

const followedId = computed(() => (inSight.value && deviceOnline.value ? (pool.value?.id ?? null) : null));

export function followLive(): void {
  watchSight();
  effect(() => {
    const id = followedId.value;
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
function follow(poolId: number): () => void {
  const gathered = gather(poolId);
  let close = (): void => undefined;
  let retry: ReturnType<typeof setTimeout> | undefined;
  let waitMs = RETRY_FIRST_MS;
  const open = (): void => {
    close = openStream(poolId, {
      opened: () => {
        waitMs = RETRY_FIRST_MS;
        isLive.value = true;
        answered(null);
      },
      pool: greet,
      swap: gathered.add,
      unreadable: () => void loadPools(),
      broken: (final) => {
        const was = isLive.peek();
        isLive.value = false;
        // Asking once tells whether the server is there at all.
        if (was) void loadPools();
        if (!final) return;
        retry = setTimeout(open, waitMs);
        waitMs = Math.min(RETRY_MAX_MS, waitMs * 2);
      },
    });
  };
  open();
  return () => {
    clearTimeout(retry);
    gathered.stop();
    close();
    isLive.value = false;
  };
}

function greet(view: PoolView): void {
  const known = pools.peek().value?.find(({ id }) => id === view.id);
  // A pool that is behind what is known, or another one of the same length: the server may have begun anew.
  if (known !== undefined && (known.seq > view.seq || (known.seq === view.seq && known.head !== view.head))) {
    void loadPools();
  } else acceptPool(view);
}

function gather(poolId: number): { add: (trade: Trade) => void; stop: () => void } {
  let waiting: Trade[] = [];
  let timer: ReturnType<typeof setTimeout> | undefined;
  const apply = (): void => {
    const news = waiting;
    waiting = [];
    timer = undefined;
    if (!acceptTrades(poolId, news)) void loadPools();
    lookForOwn(poolId);
  };
  return {
    add: (trade) => {
      waiting.push(trade);
      timer ??= setTimeout(apply, GATHER_MS);
    },
    stop: () => clearTimeout(timer),
  };
}

let ownTimer: ReturnType<typeof setTimeout> | undefined;

/** The stream does not say whose a trade is. */
function lookForOwn(poolId: number): void {
  if (user.peek() === null) return;
  ownTimer ??= setTimeout(() => {
    ownTimer = undefined;
    void markOwn(poolId);
  }, OWN_AFTER_MS);
}

async function markOwn(poolId: number): Promise<void> {
  const latest = await fetchTrades(poolId, { limit: OWN_LOOKED_AT }).catch(() => []);
  if (pool.peek()?.id !== poolId) return;
  const marked = new Set((trades.peek().value ?? []).filter(({ own }) => own).map(({ seq }) => seq));
  const own = latest.filter((trade) => trade.own && !marked.has(trade.seq));
  if (own.length === 0) return;
  noteTrades(own);
  await refreshBalances();
}
