/** The signed-in person's balances, and the starter grant. */
import { effect, signal, untracked } from '@preact/signals';
import { fetchBalances, takeStarterGrant } from '../api/calls';
import type { Balance, Granted } from '../api/model';
import { ApiError } from '../api/errors';
import type { Loadable } from './loadable';
import { load, nothing } from './loadable';
import { describe } from './sentences';
import type { Notice } from './session';
import { user, userId } from './session';

export const balances = signal<Loadable<Balance[]>>(nothing());

export type Grant = { phase: 'idle'; notice: Notice | null } | { phase: 'asking' };

export const grant = signal<Grant>({ phase: 'idle', notice: null });

/** What can be spent of a token; null when that is not known. */
export function available(symbol: string): bigint | null {
  return balances.value.value?.find(({ token }) => token.symbol === symbol)?.amount ?? null;
}

/** Whether balances arrive by themselves. */
export const ownLive = signal(false);

/** What was given lately, newest first. */
export const news = signal<Granted[]>([]);

const NEWS_KEPT = 5;

/** How often balances arrived by themselves. */
let arrivals = 0;

/** Takes balances that arrived by themselves. */
export function acceptBalances(list: Balance[]): void {
  arrivals += 1;
  balances.value = { value: list, at: Date.now(), loading: false, error: null };
}

export function noteNews(granted: Granted): void {
  news.value = [granted, ...news.peek()].slice(0, NEWS_KEPT);
}

export function forgetNews(): void {
  news.value = [];
}

/** Asks for balances unless they arrive by themselves. */
export async function refreshBalances(): Promise<void> {
  if (!ownLive.peek()) await loadBalances();
}

export async function loadBalances(): Promise<void> {
  const owner = user.peek()?.id;
  if (owner === undefined) return;
  await load(balances, async () => {
    const before = arrivals;
    const list = await fetchBalances();
    // What arrived meanwhile may be newer than this answer, and never older.
    return before === arrivals ? list : (balances.peek().value ?? list);
  });
  // The answer of a session that ended meanwhile belongs to nobody here.
  if (user.peek()?.id !== owner) balances.value = nothing();
}

export async function takeGrant(): Promise<void> {
  grant.value = { phase: 'asking' };
  try {
    await takeStarterGrant();
    grant.value = {
      phase: 'idle',
      notice: { tone: 'info', text: 'Your starter tokens are here. Try a swap.' },
    };
  } catch (cause) {
    const known = cause instanceof ApiError && cause.code === 'already_granted';
    grant.value = { phase: 'idle', notice: { tone: known ? 'info' : 'danger', text: describe(cause) } };
  }
  await refreshBalances();
}

/** Waits for balances from sign-in on, which the person’s stream brings first of all, and forgets them at sign-out. */
export function followBalances(): void {
  effect(() => {
    const signedIn = userId.value !== null;
    untracked(() => {
      balances.value = { ...nothing(), loading: signedIn };
      grant.value = { phase: 'idle', notice: null };
    });
  });
}
