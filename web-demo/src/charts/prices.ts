/** The points of the drawings. They are only looked at, so floating point is enough here and nowhere else. */
import type { Quote } from 'postfun';
import type { PoolView, Token, Trade } from '../api/model';

/** The price of a whole token A in tokens B, right after an event. */
export interface PricePoint {
  seq: number;
  /** When, as the server wrote it; null for the state before the oldest trade that is known. */
  at: string | null;
  reserveA: bigint;
  reserveB: bigint;
}

/**
 * The pool's reserves after each of its latest trades, oldest first: from today's, by undoing one trade after the
 * other, which is exact.
 *
 * Null while the newest trade is not the pool's last event. An event that is missing ends the points, since what it
 * did is not known.
 */
export function pricePoints(pool: PoolView, trades: readonly Trade[]): PricePoint[] | null {
  if (trades[0]?.seq !== pool.seq) return pool.seq === 1 ? [] : null;
  const points: PricePoint[] = [];
  let { seq, reserveA, reserveB } = pool;
  for (const trade of trades) {
    if (trade.seq !== seq) break;
    points.push({ seq, at: trade.at, reserveA, reserveB });
    const effective = trade.amountIn - trade.fee;
    const isA = trade.side === 'AtoB';
    reserveA += isA ? -effective : trade.amountOut;
    reserveB += isA ? trade.amountOut : -effective;
    seq -= 1;
  }
  if (points.length > 0) points.push({ seq, at: null, reserveA, reserveB });
  return points.reverse();
}

export const whole = (units: bigint, { decimals }: Token): number => Number(units) / 10 ** decimals;

export function priceOf({ reserveA, reserveB }: PricePoint, { a, b }: PoolView): number {
  return whole(reserveB, b) / whole(reserveA, a);
}

/** Where the pool stands, or would stand after a swap: whole tokens A across, tokens B up. */
export interface Place {
  a: bigint;
  b: bigint;
}

export interface Curve {
  xs: number[];
  /** The line on which the pool moves. */
  line: number[];
  /** The part of it that the swap covers. */
  path: (number | null)[];
  /** Where the pool stands. */
  now: (number | null)[];
  /** Where it would stand. */
  after: (number | null)[];
}

export function placeAfter(quote: Quote): Place {
  const [given, got] = [quote.reserveInAfter, quote.reserveOutAfter];
  return quote.side === 'AtoB' ? { a: given, b: got } : { a: got, b: given };
}

const SAMPLES = 64;
/** What is drawn on both sides of a swap, in its own length. */
const MARGIN = 0.8;

/** The curve around the pool and, if there is one, around the swap. */
export function curveOf(pool: PoolView, after: Place | null): Curve {
  const nowX = whole(pool.reserveA, pool.a);
  const product = nowX * whole(pool.reserveB, pool.b);
  const afterX = after === null ? null : whole(after.a, pool.a);
  const [from, to] = rangeOf(nowX, afterX);
  const xs = Array.from({ length: SAMPLES }, (_, index) => from + ((to - from) * index) / (SAMPLES - 1));
  for (const x of afterX === null ? [nowX] : [nowX, afterX]) if (!xs.includes(x)) xs.push(x);
  xs.sort((left, right) => left - right);
  const line = xs.map((x) => product / x);
  const only = (wanted: (x: number) => boolean): (number | null)[] =>
    xs.map((x) => (wanted(x) ? product / x : null));
  const [low, high] = [Math.min(nowX, afterX ?? nowX), Math.max(nowX, afterX ?? nowX)];
  return {
    xs,
    line,
    path: only((x) => afterX !== null && x >= low && x <= high),
    now: only((x) => x === nowX),
    after: only((x) => x === afterX),
  };
}

/** A part of the curve in which the swap is seen; its size goes in steps of two, so that typing moves it little. */
function rangeOf(now: number, after: number | null): [number, number] {
  if (after === null || after === now) return [now * 0.4, now * 2.5];
  const [low, high] = [Math.min(now, after), Math.max(now, after)];
  const length = now * 2 ** Math.ceil(Math.log2((high - low) / now));
  return [Math.max(low - length * MARGIN, low * 0.4), high + length * MARGIN];
}
