import { Pool, type Side } from 'postfun';
import { beforeAll, expect, test } from 'vitest';
import type { PoolView, Trade } from '../src/api/model';
import { advance, mergeTrades } from '../src/state/advance';
import { startCore } from '../src/state/core';
import { seedPool } from './pool';

beforeAll(() => startCore());

/** Trades as the server would announce them after `view`. */
function announced(view: PoolView, swaps: [Side, bigint][]): Trade[] {
  const engine = new Pool(view);
  return swaps.map(([side, amountIn], index) => {
    const { stage: stageBefore } = engine.state();
    const { quote, stageAfter } = engine.swap(side, amountIn);
    const seq = view.seq + 1 + index;
    const { amountOut, fee } = quote;
    const hash = String(seq).padStart(64, '0');
    return {
      ...{ id: `t${seq}`, seq, own: false, side, amountIn, amountOut, fee, stageBefore, hash },
      ...{ stage: stageAfter, at: '2026-11-21T04:00:00.000000Z' },
    };
  });
}

test('trades carry the pool on, stages and burns included', () => {
  const view = seedPool();
  const news = announced(view, [
    ['AtoB', 10n ** 8n],
    ['AtoB', 2_500n * 10n ** 8n],
  ]);
  const advanced = advance(view, news);
  expect(advanced?.view).toMatchObject({
    seq: 3,
    stage: 3,
    head: news[1]?.hash,
    volumeA: 2_501n * 10n ** 8n,
  });
  expect(advanced?.burns.map(({ seq, stage, amount }) => [seq, stage, amount])).toEqual([
    [3, 2, 100_000_000n],
    [3, 3, 80_000_000n],
  ]);
});

test('trades that are known already change nothing', () => {
  const view = seedPool();
  const first = advance(view, announced(view, [['AtoB', 10n ** 8n]]));
  expect(advance(first!.view, announced(view, [['AtoB', 10n ** 8n]]))).toEqual({
    view: first!.view,
    burns: [],
  });
});

test('a missing trade, or one with a wrong figure, leads nowhere', () => {
  const view = seedPool();
  const news = announced(view, [
    ['AtoB', 10n ** 8n],
    ['BtoA', 10n ** 9n],
  ]);
  expect(advance(view, news.slice(1))).toBeNull();
  for (const change of [{ amountOut: 1n }, { fee: 1n }, { stage: 2 }, { amountIn: 0n }]) {
    expect(advance(view, [{ ...news[0]!, ...change }])).toBeNull();
  }
});

test('two lists of trades become one, and what is one’s own stays that', () => {
  const [first, second, third] = announced(seedPool(), [
    ['AtoB', 10n ** 8n],
    ['AtoB', 10n ** 8n],
    ['AtoB', 10n ** 8n],
  ]) as [Trade, Trade, Trade];
  const merged = mergeTrades([{ ...second, own: true }, first], [second, third], 12);
  expect(mergeTrades(merged, [], 1)).toEqual([third]);
  expect(merged.map(({ seq, own }) => [seq, own])).toEqual([
    [4, false],
    [3, true],
    [2, false],
  ]);
});
