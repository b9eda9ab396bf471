/** The pools, the one that is looked at, and its history. */
import { computed, effect, signal, untracked } from '@preact/signals';
import { fetchBurns, fetchPools, fetchTrades } from '../api/calls';
import type { Burn, PoolView, Trade } from '../api/model';
import type { Loadable } from './loadable';
import { load, nothing } from './loadable';
import { user } from './session';

export const pools = signal<Loadable<PoolView[]>>(nothing());
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

export async function loadHistory(): Promise<void> {
  const view = pool.peek();
  if (view === null) return;
  await Promise.all([load(trades, () => fetchTrades(view.id)), load(burns, () => fetchBurns(view))]);
}

/** Fetches the history whenever the pool moved, another pool is looked at, or somebody else is signed in. */
export function followHistory(): void {
  let shownId: number | null = null;
  effect(() => {
    const view = pool.value;
    void user.value?.id;
    if (view === null) return;
    untracked(() => {
      if (view.id !== shownId) {
        trades.value = nothing();
        burns.value = nothing();
        shownId = view.id;
      }
      void loadHistory();
    });
  });
}
