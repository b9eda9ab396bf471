/** Swapping: makes the attempt, sends it, compares the answer. */
import { effect, signal, untracked } from '@preact/signals';
import { formatAmount } from 'postfun';
import { fetchTrades, sendSwap } from '../api/calls';
import type { PoolView, Trade } from '../api/model';
import { tokensOf } from '../api/model';
import type { SwapRequest } from '../api/types';
import type { Attempt, AttemptState } from './attempt';
import { afterFailure, newKey, readAttempt, writeAttempt } from './attempt';
import { loadBalances, refreshBalances } from './balances';
import { checkSwap } from './check';
import { serverNowSeconds } from './connection';
import { clearAmount, draft, outcome } from './draft';
import { acceptPool, loadPools, noteTrades } from './pools';
import type { Outcome } from './quote';
import { user, userId } from './session';
import { tab } from './storage';

export const attempt = signal<AttemptState>({ phase: 'idle' });

/** A swap that arrives later than this is refused, so that an old click never surprises. */
const DEADLINE_SECONDS = 120;
/** The most earlier swaps that are fetched and replayed to compare one. */
const REPLAY_MAX = 500;
const STORED = 'swap-attempt';

/** Swaps what the form shows. */
export async function swapDraft(): Promise<void> {
  const who = user.value;
  if (outcome.value.kind !== 'quoted' || who === null || attempt.value.phase === 'sending') return;
  const { fixed, pool } = outcome.value;
  const { mode } = draft.value;
  await send({ key: newKey(), userId: who.id, body: requestOf(outcome.value), mode, fixed, before: pool });
}

function requestOf({ quote, fixed, limit, pool }: Extract<Outcome, { kind: 'quoted' }>): SwapRequest {
  const { give, get } = tokensOf(pool, quote.side);
  const common = { pool_id: pool.id, side: quote.side, deadline: serverNowSeconds() + DEADLINE_SECONDS };
  if (draft.value.mode === 'exactIn') {
    const amount_in = formatAmount(fixed, give.decimals);
    return { ...common, amount_in, min_amount_out: formatAmount(limit, get.decimals) };
  }
  const amount_out = formatAmount(fixed, get.decimals);
  return { ...common, amount_out, max_amount_in: formatAmount(limit, give.decimals) };
}

/** Sends the attempt whose fate is unknown once more; the same key makes it happen at most once. */
export async function sendAgain(): Promise<void> {
  if (attempt.value.phase === 'unanswered') await send(attempt.value.attempt);
}

/** Leaves the last attempt behind. */
export function dismissAttempt(): void {
  tab.drop(STORED);
  attempt.value = { phase: 'idle' };
}

/** Leaves an attempt whose fate is unknown behind; the balances tell what became of it. */
export async function giveUp(): Promise<void> {
  dismissAttempt();
  await Promise.all([loadBalances(), loadPools()]);
}

async function send(tried: Attempt): Promise<void> {
  tab.write(STORED, writeAttempt(tried));
  attempt.value = { phase: 'sending', attempt: tried };
  try {
    const { trade, pool } = await sendSwap(tried.body, tried.key);
    const check = checkSwap({
      before: tried.before,
      side: tried.body.side,
      mode: tried.mode,
      fixed: tried.fixed,
      trade,
      after: pool,
      earlier: await earlierSwaps(tried.before, trade),
    });
    clearAmount();
    acceptPool(pool);
    noteTrades([trade]);
    attempt.value = { phase: 'done', attempt: tried, trade, check };
  } catch (cause) {
    attempt.value = afterFailure(tried, cause);
  }
  if (attempt.value.phase !== 'unanswered') tab.drop(STORED);
  await refreshBalances();
}

/** Fetches the swaps between the quote and the trade, oldest first; null when they cannot be had. */
async function earlierSwaps(before: PoolView, trade: Trade): Promise<Trade[] | null> {
  const missing = trade.seq - before.seq - 1;
  if (missing <= 0) return [];
  if (missing > REPLAY_MAX) return null;
  try {
    const listed = await fetchTrades(before.id, { limit: missing, beforeSeq: trade.seq });
    // Events that are no swaps leave the quote alone; in their place the list holds older swaps.
    return listed.filter(({ seq }) => seq > before.seq).sort((left, right) => left.seq - right.seq);
  } catch {
    // The swap itself succeeded; only the comparison has to do without.
    return null;
  }
}

/** Shows the attempts of nobody but the person signed in, and finds one whose answer never came. */
export function followAttempt(): void {
  effect(() => {
    const signedIn = userId.value !== null;
    untracked(() => {
      if (attempt.value.phase !== 'sending') attempt.value = { phase: 'idle' };
      if (signedIn) restoreAttempt();
    });
  });
}

function restoreAttempt(): void {
  const stored = readAttempt(tab.read(STORED) ?? '');
  if (stored === null || stored.userId !== user.value?.id) return;
  const sentence = 'The answer to your last swap never came.';
  attempt.value = { phase: 'unanswered', attempt: stored, sentence };
}
