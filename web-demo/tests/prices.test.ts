import { Pool } from 'postfun';
import { beforeAll, expect, test } from 'vitest';
import type { PoolView, Trade } from '../src/api/model';
import { curveOf, placeAfter, pricePoints } from '../src/charts/prices';
import { startCore } from '../src/state/core';
import { seedPool } from './pool';

beforeAll(() => startCore());

/** A pool after swaps both ways, its trades newest first, and its reserves after each event. */
function swapped(count: number): { pool: PoolView; trades: Trade[]; reserves: [bigint, bigint][] } {
  const view = seedPool();
  const engine = new Pool(view);
  const trades: Trade[] = [];
  const reserves: [bigint, bigint][] = [[view.reserveA, view.reserveB]];
  for (let index = 0; index < count; index += 1) {
    const side = index % 3 === 2 ? 'BtoA' : 'AtoB';
    const seq = index + 2;
    const { quote, stageAfter } = engine.swap(side, side === 'AtoB' ? 123_456_789n : 77_000_000_001n);
    const { amountIn, amountOut, fee, stage: stageBefore } = quote;
    const [at, hash] = ['2026-11-21T04:00:00.000000Z', String(seq)];
    trades.unshift({
      id: hash,
      seq,
      own: false,
      side,
      amountIn,
      amountOut,
      fee,
      stageBefore,
      stage: stageAfter,
      hash,
      at,
    });
    reserves.push([engine.state().reserveA, engine.state().reserveB]);
  }
  const { reserveA, reserveB } = engine.state();
  return { pool: { ...view, reserveA, reserveB, seq: count + 1 }, trades, reserves };
}

test('trades are undone exactly, back to the state before the oldest', () => {
  const { pool, trades, reserves } = swapped(9);
  const points = pricePoints(pool, trades);
  expect(points?.map(({ reserveA, reserveB }) => [reserveA, reserveB])).toEqual(reserves);
  expect(points?.map(({ seq }) => seq)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
  expect(points?.[0]?.at).toBeNull();
});

test('nothing is guessed across an event that is missing', () => {
  const { pool, trades } = swapped(9);
  const points = pricePoints(
    pool,
    trades.filter(({ seq }) => seq !== 6),
  );
  expect(points?.map(({ seq }) => seq)).toEqual([6, 7, 8, 9, 10]);
  expect(pricePoints(pool, trades.slice(1))).toBeNull();
  expect(pricePoints(seedPool(), [])).toEqual([]);
});

test('the curve holds the pool, and the swap with all of its path', () => {
  const pool = seedPool();
  const alone = curveOf(pool, null);
  expect(alone.path.every((y) => y === null)).toBe(true);
  expect(alone.now.filter((y) => y !== null)).toEqual([65_000_000]);
  for (const amountIn of [100n, 10n ** 8n, 10n ** 13n]) {
    for (const side of ['AtoB', 'BtoA'] as const) {
      const after = placeAfter(
        new Pool(pool).quoteExactIn(side, side === 'AtoB' ? amountIn : amountIn * 1_000n),
      );
      const { xs, line, path, now, after: then } = curveOf(pool, after);
      const x = Number(after.a) / 1e8;
      expect((then[xs.indexOf(x)] ?? 0) / (Number(after.b) / 1e6)).toBeCloseTo(1, 6);
      expect(now[xs.indexOf(1_000)]).toBe(65_000_000);
      const covered = xs.filter((_, index) => path[index] !== null);
      expect([covered.at(0), covered.at(-1)]).toEqual([Math.min(1_000, x), Math.max(1_000, x)]);
      expect(xs.every((one, index) => one > 0 && one > (xs[index - 1] ?? 0))).toBe(true);
      expect(line.length).toBe(xs.length);
    }
  }
});
