/** The signed-in person's balances, and the starter grant. */
import { effect, signal, untracked } from '@preact/signals';
import { fetchBalances, takeStarterGrant } from '../api/calls';
import type { Balance } from '../api/model';
import { ApiError } from '../api/errors';
import type { Loadable } from './loadable';
import { load, nothing } from './loadable';
import { describe } from './sentences';
import type { Notice } from './session';
import { user } from './session';

export const balances = signal<Loadable<Balance[]>>(nothing());

export type Grant = { phase: 'idle'; notice: Notice | null } | { phase: 'asking' };

export const grant = signal<Grant>({ phase: 'idle', notice: null });

/** What can be spent of a token; null when that is not known. */
export function available(symbol: string): bigint | null {
  return balances.value.value?.find(({ token }) => token.symbol === symbol)?.amount ?? null;
}

export async function loadBalances(): Promise<void> {
  const owner = user.peek()?.id;
  if (owner === undefined) return;
  await load(balances, fetchBalances);
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
  await loadBalances();
}

/** Loads balances at sign-in and forgets them at sign-out. */
export function followBalances(): void {
  effect(() => {
    const signedIn = user.value !== null;
    untracked(() => {
      balances.value = nothing();
      grant.value = { phase: 'idle', notice: null };
      if (signedIn) void loadBalances();
    });
  });
}
