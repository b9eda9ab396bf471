/** The pools, the one that is looked at, and what happened in it lately. */
import { batch, computed, effect, signal, untracked } from '@preact/signals';
import { fetchBurns, fetchPools, fetchTrades, TRADES_KEPT } from '../api/calls';
import type { Burn, PoolView, Trade } from '../api/model';
import { advance, mergeTrades } from './advance';
import { core } from './core';
import type { Loadable } from './loadable';
import { load, nothing } from './loadable';
import { userId } from './session';

export const pools = signal<Loadable<PoolView[]>>(nothing());
/** The latest trades, newest first. */
export const trades = signal<Loadable<Trade[]>>(nothing());
export const burns = signal<Loadable<Burn[]>>(nothing());

const chosenId = signal<number | null>(null);

/** The pool that is looked at: the chosen one, at first the first one. */
export const pool = computed<PoolView | null>(() => {
  const list = pools.value.value ?? [];
  return list.find(({ id }) => id === chosenId.value) ?? list[0] ?? null;
});

export function choosePool(id: number): void {
  chosenId.value = id;
}

export async function loadPools(): Promise<void> {
  await load(pools, async () => keepUnchanged(await fetchPools()));
}

/** A pool that has not moved stays the same object, so that nothing is computed or drawn again. */
function keepUnchanged(fresh: PoolView[]): PoolView[] {
  const known = pools.peek().value ?? [];
  return fresh.map((view) => known.find(({ id, head }) => id === view.id && head === view.head) ?? view);
}

/** Takes a pool out of another answer, unless something newer is known. */
export function acceptPool(view: PoolView): void {
  const current = pools.value;
  if (current.value === null) return;
  const value = current.value.map((known) => (known.id === view.id && known.seq < view.seq ? view : known));
  pools.value = { ...current, value, at: Date.now() };
}

/**
 * Takes trades of a pool that were announced, oldest first, and carries the pool on by them. False when they do not
 * lead on from what is known; then the pools have to be fetched.
 */
export function acceptTrades(poolId: number, news: readonly Trade[]): boolean {
  const known = pools.peek().value?.find(({ id }) => id === poolId);
  if (known === undefined || core.peek().phase !== 'ready') return false;
  const advanced = advance(known, news);
  if (advanced === null) return false;
  batch(() => {
    if (pool.peek()?.id === poolId) {
      noteTrades(news);
      noteBurns(advanced.burns);
    }
    acceptPool(advanced.view);
  });
  return true;
}

/** Puts trades into the list of the pool that is looked at. */
export function noteTrades(news: readonly Trade[]): void {
  const current = trades.peek();
  if (current.value !== null)
    trades.value = { ...current, value: mergeTrades(current.value, news, TRADES_KEPT) };
}

function noteBurns(news: readonly Burn[]): void {
  const current = burns.peek();
  if (current.value === null || news.length === 0) return;
  const last = current.value[0]?.seq ?? 0;
  const value = [...news.filter(({ seq }) => seq > last).reverse(), ...current.value];
  burns.value = { ...current, value };
}

export async function loadHistory(): Promise<void> {
  const view = pool.peek();
  if (view === null) return;
  await Promise.all([
    load(trades, async () => keepLater(await fetchTrades(view.id), view.id)),
    load(burns, () => fetchBurns(view)),
  ]);
}

/** Trades that were announced while older ones were on their way stay in the list. */
function keepLater(fetched: Trade[], poolId: number): Trade[] {
  const view = pool.peek();
  if (view?.id !== poolId) return fetched;
  const last = fetched[0]?.seq ?? 0;
  const later = (trades.peek().value ?? []).filter(({ seq }) => seq > last && seq <= view.seq);
  return mergeTrades(fetched, later, TRADES_KEPT);
}

/** Fetches the history whenever the pool moved by more than is known, another is looked at, or somebody else is here. */
export function followHistory(): void {
  let shownId: number | null = null;
  let shownTo: number | null = null;
  effect(() => {
    const view = pool.value;
    const reader = userId.value;
    if (view === null) return;
    untracked(() => {
      if (view.id !== shownId) {
        trades.value = nothing();
        burns.value = nothing();
      }
      const last = trades.peek().value?.[0]?.seq ?? 0;
      if (view.id === shownId && reader === shownTo && last === view.seq) return;
      [shownId, shownTo] = [view.id, reader];
      void loadHistory();
    });
  });
}
