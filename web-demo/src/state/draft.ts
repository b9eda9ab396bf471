/** The swap form: what is typed, and the quote that follows from it. */
import { computed, signal } from '@preact/signals';
import type { Token } from '../api/model';
import { tokensOf } from '../api/model';
import { amount } from '../ui/amount';
import { available } from './balances';
import { core } from './core';
import { readSlippage } from './entry';
import { pool } from './pools';
import type { Draft, Mode, Outcome } from './quote';
import { bandOf, quoteDraft } from './quote';

export const SLIPPAGE_PRESETS_BPS = [10, 50, 100] as const;

export const draft = signal<Draft>({ side: 'AtoB', mode: 'exactIn', text: '' });

/** The preset in basis points, or what is typed into the field beside the presets. */
export const slippageChoice = signal<number | 'custom'>(50);
export const slippageText = signal('200');

/** The slippage in basis points; null while the typed one cannot be read. */
export const slippageBps = computed(() =>
  slippageChoice.value === 'custom' ? readSlippage(slippageText.value) : slippageChoice.value,
);

/** Whether the person accepts the price impact of exactly this draft. */
export const impactAccepted = signal<Draft | null>(null);

export const draftTokens = computed<{ give: Token; get: Token } | null>(() =>
  pool.value === null ? null : tokensOf(pool.value, draft.value.side),
);

export const outcome = computed<Outcome>(() => {
  if (core.value.phase !== 'ready' || pool.value === null) return { kind: 'empty' };
  return quoteDraft(pool.value, draft.value, slippageBps.value ?? 0);
});

/** Why the balance does not cover the quote, as a sentence; null when it does or is not known. */
export const shortfall = computed<string | null>(() => {
  const tokens = draftTokens.value;
  if (outcome.value.kind !== 'quoted' || tokens === null) return null;
  const held = available(tokens.give.symbol);
  const needed = outcome.value.quote.amountIn;
  if (held === null || held >= needed) return null;
  if (held === 0n) return `You have no ${tokens.give.symbol}. Swap the other way, or get some first.`;
  return `You have ${amount(held, tokens.give)}, and this swap needs ${amount(needed, tokens.give)}. Enter less.`;
});

/** Whether the price impact still has to be accepted before swapping. */
export const needsAcceptance = computed(
  () =>
    outcome.value.kind === 'quoted' &&
    bandOf(outcome.value.quote.priceImpactPpm) === 'danger' &&
    impactAccepted.value !== draft.value,
);

export function typeAmount(mode: Mode, text: string): void {
  draft.value = { ...draft.value, mode, text };
}

/** Turns the swap round; what is typed stays in its field. */
export function flip(): void {
  draft.value = { ...draft.value, side: draft.value.side === 'AtoB' ? 'BtoA' : 'AtoB' };
}

export function clearAmount(): void {
  draft.value = { ...draft.value, text: '' };
}
