/** The local quote: from a pool as it was last seen and an amount as it is typed, without any request. */
import type { Quote, Side } from 'postfun';
import { maxAmountIn, minAmountOut, Pool } from 'postfun';
import type { PoolView, Token } from '../api/model';
import { tokensOf } from '../api/model';
import { amount } from '../ui/amount';
import { refusalCode } from './core';
import { readAmount } from './entry';

/** Which amount is fixed by the trader. */
export type Mode = 'exactIn' | 'exactOut';

export interface Draft {
  side: Side;
  mode: Mode;
  /** The fixed amount, as typed. */
  text: string;
}

export type Outcome =
  | { kind: 'empty' }
  | { kind: 'refused'; sentence: string }
  | { kind: 'quoted'; quote: Quote; fixed: bigint; limit: bigint; pool: PoolView };

let held: { view: PoolView; engine: Pool } | null = null;

/** The package's pool for `view`, made once per state of the pool. */
function engineOf(view: PoolView): Pool {
  if (held?.view === view) return held.engine;
  held?.engine.free();
  held = null;
  const engine = new Pool(view);
  held = { view, engine };
  return engine;
}

/** Quotes what is typed. `limit` is the least output, or in exact-out the largest input, that is accepted. */
export function quoteDraft(pool: PoolView, draft: Draft, slippageBps: number): Outcome {
  const { give, get } = tokensOf(pool, draft.side);
  const entry = readAmount(draft.text, draft.mode === 'exactIn' ? give : get);
  if (entry.kind !== 'amount') return entry;
  if (entry.units === 0n) return { kind: 'refused', sentence: 'Enter an amount above zero.' };
  const engine = engineOf(pool);
  try {
    const quote = quoteExact(engine, draft.side, draft.mode, entry.units);
    const limit =
      draft.mode === 'exactIn'
        ? minAmountOut(quote.amountOut, slippageBps)
        : maxAmountIn(quote.amountIn, slippageBps);
    return { kind: 'quoted', quote, fixed: entry.units, limit, pool };
  } catch (cause) {
    return { kind: 'refused', sentence: noQuote(refusalCode(cause), engine, pool, draft.side) };
  }
}

export function quoteExact(engine: Pool, side: Side, mode: Mode, units: bigint): Quote {
  return mode === 'exactIn' ? engine.quoteExactIn(side, units) : engine.quoteExactOut(side, units);
}

function noQuote(code: string, engine: Pool, pool: PoolView, side: Side): string {
  const { give, get } = tokensOf(pool, side);
  if (code === 'amount_too_small')
    return `Too small: after the fee nothing would come out.${least(engine, side, give)}`;
  if (code === 'pool_exhausted') {
    const reserve = side === 'AtoB' ? pool.reserveB : pool.reserveA;
    return `The pool holds ${amount(reserve, get)} and never pays out all of it. Enter less.`;
  }
  if (code === 'amount_too_large' || code === 'amount_out_of_range') {
    return 'That is more than the pool can take. Enter less.';
  }
  return `The pool cannot quote this amount (${code}). Enter another one.`;
}

/** The smallest input that gives anything at all. */
function least(engine: Pool, side: Side, give: Token): string {
  try {
    return ` Enter at least ${amount(engine.quoteExactOut(side, 1n).amountIn, give)}.`;
  } catch (cause) {
    refusalCode(cause);
    return ' Enter more.';
  }
}

export type Band = 'calm' | 'warn' | 'danger';

const WARN_PPM = 10_000;
const DANGER_PPM = 50_000;

/** How worrying a price impact is: from 1 % it deserves a look, from 5 % a confirmation. */
export function bandOf(priceImpactPpm: number): Band {
  if (priceImpactPpm >= DANGER_PPM) return 'danger';
  return priceImpactPpm >= WARN_PPM ? 'warn' : 'calm';
}
