/** The pool: what it holds, how far its stage is, and what happened in it. */
import type { JSX } from 'preact';
import { feeBpsText, priceText } from 'postfun';
import type { PoolView } from '../api/model';
import { core } from '../state/core';
import { isLive } from '../state/live';
import { pool, pools } from '../state/pools';
import { refresh } from '../state/start';
import { amount } from '../ui/amount';
import { group, shorten, NBSP } from '../ui/format';
import { Fact } from '../ui/fact';
import { LoadState } from '../ui/notice';
import { Window } from '../ui/window';
import { Burns, Trades } from './history';
import { StageProgress } from './stage';

export function PoolWindow(): JSX.Element {
  const view = pool.value;
  const ready = view !== null && core.value.phase === 'ready';
  const title = view === null ? 'Pool' : `Pool ${view.a.symbol} / ${view.b.symbol}`;
  return (
    <Window id="pool" title={title} icon="pool" status={<Liveness />}>
      <LoadState state={pools.value} what="pools" retry={() => void refresh()} />
      {ready ? (
        <>
          <Facts view={view} />
          <StageProgress id="stage" view={view} />
          <Trades view={view} />
          <Burns />
        </>
      ) : null}
    </Window>
  );
}

/** How the page learns of swaps. */
function Liveness(): JSX.Element {
  return (
    <span class="grow">
      {isLive.value ? 'Live: swaps appear as they happen' : 'No live stream: asking again every few seconds'}
    </span>
  );
}

function Facts({ view }: { view: PoolView }): JSX.Element {
  const middle = priceText(view.reserveB, view.b.decimals, view.reserveA, view.a.decimals, 8);
  return (
    <dl class="figures">
      <Fact name="Reserves">
        {amount(view.reserveA, view.a)}
        <br />
        {amount(view.reserveB, view.b)}
      </Fact>
      <Fact name="Price now">
        1{NBSP}
        {view.a.symbol} = {group(middle)}
        {NBSP}
        {view.b.symbol}
      </Fact>
      <Fact name="Fee now">
        {feeBpsText(view.feeBpsBase, view.stage)}
        {NBSP}bps
      </Fact>
      <Fact name="Volume so far">
        {amount(view.volumeA, view.a)}
        <br />
        {amount(view.volumeB, view.b)}
      </Fact>
      <Fact name="Chain">
        {group(String(view.seq))} event{view.seq === 1 ? '' : 's'}, head{' '}
        <code title={`SHA-256 of the last event and all before it: ${view.head}`}>
          {shorten(view.head, 6, 4)}
        </code>
      </Fact>
    </dl>
  );
}
