/** What the signed-in person holds in sats, and what the server allows them to do with it. */
import { computed, effect, signal, untracked } from '@preact/signals';
import { fetchSats } from '../api/lightning';
import type { Sats, Terms } from '../lightning/model';
import { toTerms } from '../lightning/model';
import { ownLive } from './balances';
import type { Loadable } from './loadable';
import { load, nothing } from './loadable';
import { server } from './server';
import { user, userId } from './session';

export const sats = signal<Loadable<Sats>>(nothing());

/** What the server offers; null until it has said so. */
export const terms = computed<Terms | null>(() => {
  const config = server.value.value;
  return config === null ? null : toTerms(config.lightning);
});

/** How often the balance arrived by itself. */
let arrivals = 0;

/** Takes a balance that arrived by itself. */
export function acceptSats(held: Sats): void {
  arrivals += 1;
  sats.value = { value: held, at: Date.now(), loading: false, error: null };
}

/** Asks for the balance unless it arrives by itself. */
export async function refreshSats(): Promise<void> {
  if (!ownLive.peek()) await loadSats();
}

export async function loadSats(): Promise<void> {
  const owner = user.peek()?.id;
  if (owner === undefined) return;
  await load(sats, async () => {
    const before = arrivals;
    const held = await fetchSats();
    // What arrived meanwhile may be newer than this answer, and never older.
    return before === arrivals ? held : (sats.peek().value ?? held);
  });
  // The answer of a session that ended meanwhile belongs to nobody here.
  if (user.peek()?.id !== owner) sats.value = nothing();
}

/** Waits for the balance from sign-in on, which the person’s stream brings, and forgets it at sign-out. */
export function followSats(): void {
  effect(() => {
    const signedIn = userId.value !== null;
    untracked(() => {
      sats.value = { ...nothing(), loading: signedIn };
    });
  });
}
