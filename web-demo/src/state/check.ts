/** Compares what the server did with what this page computes. */
import { Pool, type Side } from 'postfun';
import type { PoolView, Token, Trade } from '../api/model';
import { tokensOf } from '../api/model';
import { refusalCode } from './core';
import type { Mode } from './quote';
import { quoteExact } from './quote';

export interface Row {
  label: string;
  token: Token;
  here: bigint;
  server: bigint;
}

export type Check =
  /** `earlier` swaps by others came first and were replayed here. */
  | { kind: 'matched'; rows: Row[]; earlier: number }
  | { kind: 'different'; rows: Row[]; why: string }
  | { kind: 'unchecked'; why: string };

export interface Swapped {
  /** The pool that the quote was made from. */
  before: PoolView;
  side: Side;
  mode: Mode;
  fixed: bigint;
  trade: Trade;
  /** The pool that the server answered with. */
  after: PoolView;
  /** The swaps between the quote and the trade, oldest first; null when there were too many to fetch. */
  earlier: readonly Trade[] | null;
}

/** Replays whatever came before the swap, then the swap itself, and compares every figure to the last unit. */
export function checkSwap(swapped: Swapped): Check {
  const { before, trade, earlier } = swapped;
  if (trade.seq <= before.seq)
    return { kind: 'unchecked', why: 'The pool had already moved on when it was quoted.' };
  if (earlier === null) return { kind: 'unchecked', why: 'Too many swaps came first to replay them here.' };
  const engine = new Pool(before);
  try {
    return replay(engine, swapped, earlier);
  } catch (cause) {
    return { kind: 'different', rows: [], why: `This page cannot repeat the swap (${refusalCode(cause)}).` };
  } finally {
    engine.free();
  }
}

function replay(engine: Pool, swapped: Swapped, earlier: readonly Trade[]): Check {
  for (const { side, amountIn, amountOut, seq } of earlier) {
    if (engine.swap(side, amountIn).quote.amountOut !== amountOut) {
      return {
        kind: 'different',
        rows: [],
        why: `Event ${seq}, before yours, does not follow from the pool.`,
      };
    }
  }
  const { side, mode, fixed } = swapped;
  const expected = quoteExact(engine, side, mode, fixed);
  engine.swap(side, expected.amountIn);
  const rows = [...tradeRows(expected, swapped), ...reserveRows(engine, swapped)];
  if (rows.every(({ here, server }) => here === server))
    return { kind: 'matched', rows, earlier: earlier.length };
  return { kind: 'different', rows, why: 'The figures differ.' };
}

function tradeRows(
  here: { amountIn: bigint; fee: bigint; amountOut: bigint },
  { before, side, trade }: Swapped,
): Row[] {
  const { give, get } = tokensOf(before, side);
  return [
    { label: 'Paid', token: give, here: here.amountIn, server: trade.amountIn },
    { label: 'Fee', token: give, here: here.fee, server: trade.fee },
    { label: 'Received', token: get, here: here.amountOut, server: trade.amountOut },
  ];
}

function reserveRows(engine: Pool, { before, after, trade }: Swapped): Row[] {
  // Another swap of the same batch may already be in the answer's pool.
  if (after.seq !== trade.seq) return [];
  const state = engine.state();
  return [
    { label: 'Pool after', token: before.a, here: state.reserveA, server: after.reserveA },
    { label: 'Pool after', token: before.b, here: state.reserveB, server: after.reserveB },
  ];
}
