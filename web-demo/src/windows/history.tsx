/** The pool's recent swaps and its burns. */
import type { JSX } from 'preact';
import type { PoolView, Trade } from '../api/model';
import { tokensOf } from '../api/model';
import { burns, loadHistory, trades } from '../state/pools';
import { amount } from '../ui/amount';
import { clockTime } from '../ui/format';
import { LoadState } from '../ui/notice';

/** How many trades the list shows. */
const SHOWN_MAX = 12;

export function Trades({ view }: { view: PoolView }): JSX.Element {
  const list = (trades.value.value ?? []).slice(0, SHOWN_MAX);
  return (
    <>
      <h3 id="trades-title">Recent swaps</h3>
      <LoadState state={trades.value} what="swaps" retry={() => void loadHistory()} />
      {trades.value.value !== null && list.length === 0 ? (
        <p class="muted">None yet. The first one will stand here.</p>
      ) : null}
      {list.length === 0 ? null : (
        <ol class="trades scroll" tabIndex={0} aria-labelledby="trades-title">
          {list.map((trade) => (
            <TradeItem key={trade.id} trade={trade} view={view} />
          ))}
        </ol>
      )}
    </>
  );
}

function TradeItem({ trade, view }: { trade: Trade; view: PoolView }): JSX.Element {
  const { give, get } = tokensOf(view, trade.side);
  return (
    <li>
      <span>
        <time dateTime={trade.at} title={`event ${trade.seq}, ${trade.at}`}>
          {clockTime(trade.at)}
        </time>
        {trade.own ? <span class="tag">you</span> : null}
      </span>
      <span class="exchange">
        {amount(trade.amountIn, give)}
        <span class="arrow" role="img" aria-label="for">
          {' '}
          →{' '}
        </span>
        {amount(trade.amountOut, get)}
      </span>
    </li>
  );
}

export function Burns(): JSX.Element {
  const list = burns.value.value ?? [];
  return (
    <>
      <h3>Burns</h3>
      <LoadState state={burns.value} what="burns" retry={() => void loadHistory()} />
      {burns.value.value !== null && list.length === 0 ? (
        <p class="muted">None yet: tokens burn when a new stage begins.</p>
      ) : null}
      {list.length === 0 ? null : (
        <ul class="burns">
          {list.map(({ seq, stage, token, amount: burned, at }) => (
            <li key={`${seq}-${stage}`}>
              {amount(burned, token)} at stage {stage},{' '}
              <time dateTime={at} title={`event ${seq}, ${at}`}>
                {clockTime(at)}
              </time>
            </li>
          ))}
        </ul>
      )}
    </>
  );
}
