/** The keys that sign in to the account. */
import { effect, signal, untracked } from '@preact/signals';
import type { AccountKey } from '../account/key';
import { fetchKeys } from '../api/identities';
import { openPanel } from './account';
import type { Loadable } from './loadable';
import { load, nothing } from './loadable';
import { refreshUser, userId } from './session';

export const keys = signal<Loadable<AccountKey[]>>(nothing());

export async function loadKeys(): Promise<void> {
  const owner = userId.peek();
  if (owner === null) return;
  await load(keys, fetchKeys);
  // The answer of a session that ended meanwhile belongs to nobody here.
  if (userId.peek() !== owner) keys.value = nothing();
}

/** Takes the keys of somebody as a change has left them. */
export function acceptKeys(owner: number | null, list: AccountKey[]): void {
  if (userId.peek() !== owner) return;
  keys.value = { value: list, at: Date.now(), loading: false, error: null };
  void refreshUser();
}

/** Reads them again when one was linked or removed, wherever that was, and who is signed in: a profile may show a key. */
export function noteKeys(): void {
  void refreshUser();
  if (openPanel.peek() === 'keys') void loadKeys();
}

/** Reads the keys whenever their part comes up, and forgets them at sign-out. */
export function followKeys(): void {
  effect(() => {
    const isShown = userId.value !== null && openPanel.value === 'keys';
    untracked(() => {
      if (userId.peek() === null) keys.value = nothing();
      if (isShown) void loadKeys();
    });
  });
}
