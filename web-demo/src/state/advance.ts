/** Carries a pool on by the trades that the server announces, computing each of them again. */
import { Pool } from 'postfun';
import type { Burn, PoolView, Trade } from '../api/model';
import { refusalCode } from './core';

export interface Advanced {
  view: PoolView;
  /** What the trades burned, oldest first. */
  burns: Burn[];
}

/**
 * Applies the trades that come after `view`, oldest first.
 *
 * Null when they do not follow from it: one is missing, or its figures are not the ones computed here. Then only the
 * server can say how the pool is.
 */
export function advance(view: PoolView, trades: readonly Trade[]): Advanced | null {
  const news = trades.filter(({ seq }) => seq > view.seq);
  if (news.length === 0) return { view, burns: [] };
  const engine = new Pool(view);
  try {
    return apply(engine, view, news);
  } catch (cause) {
    refusalCode(cause);
    return null;
  } finally {
    engine.free();
  }
}

function apply(engine: Pool, view: PoolView, trades: readonly Trade[]): Advanced | null {
  const burns: Burn[] = [];
  let { seq, head } = view;
  for (const trade of trades) {
    if (trade.seq !== seq + 1) return null;
    const { quote, stageAfter, burns: burned } = engine.swap(trade.side, trade.amountIn);
    const same = quote.amountOut === trade.amountOut && quote.fee === trade.fee && stageAfter === trade.stage;
    if (!same) return null;
    for (const { stage, amount } of burned) {
      if (view.burnToken !== null)
        burns.push({ seq: trade.seq, stage, token: view.burnToken, amount, at: trade.at });
    }
    ({ seq, hash: head } = trade);
  }
  const { reserveA, reserveB, volumeA, volumeB, feesA, feesB, stage } = engine.state();
  return { view: { ...view, reserveA, reserveB, volumeA, volumeB, feesA, feesB, stage, seq, head }, burns };
}

/** Both lists as one of at most `max`, newest first; a trade known to be one's own stays that. */
export function mergeTrades(known: readonly Trade[], news: readonly Trade[], max: number): Trade[] {
  const bySeq = new Map(known.map((trade) => [trade.seq, trade]));
  for (const trade of news) {
    const before = bySeq.get(trade.seq);
    bySeq.set(trade.seq, before?.hash === trade.hash && before.own ? before : trade);
  }
  return [...bySeq.values()].sort((left, right) => right.seq - left.seq).slice(0, max);
}
