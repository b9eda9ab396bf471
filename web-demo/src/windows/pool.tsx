/** The pool: what it holds, how far its stage is, and what happened in it. */
import type { ComponentChildren, JSX } from 'preact';
import { feeBpsText, priceText } from 'postfun';
import type { PoolView } from '../api/model';
import { core } from '../state/core';
import { isLive } from '../state/live';
import { pool, pools } from '../state/pools';
import { refresh } from '../state/start';
import { amount } from '../ui/amount';
import { group, shorten, NBSP } from '../ui/format';
import { LoadState } from '../ui/notice';
import { Window } from '../ui/window';
import { Burns, Trades } from './history';
import { HistoryProof } from './proof';

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
          <HistoryProof view={view} />
          <StageProgress view={view} />
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

function Fact({ name, children }: { name: string; children: ComponentChildren }): JSX.Element {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
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

const PERMILLE = 1000n;

function StageProgress({ view }: { view: PoolView }): JSX.Element {
  const next = nextThreshold(view);
  if (next === null) {
    return (
      <p>
        Stage <strong>{view.stage}</strong> of 4. No further stage is set, so the fee stays.
      </p>
    );
  }
  const { stage, threshold } = next;
  const permille = Number((view.volumeA * PERMILLE) / threshold);
  return (
    <div class="stage">
      <label for="stage-progress">
        Stage <strong>{view.stage}</strong> of 4. Stage {stage} begins at {amount(threshold, view.a)} of
        volume: fee {feeBpsText(view.feeBpsBase, stage)}
        {NBSP}bps{burnText(view, stage)}.
      </label>
      <progress id="stage-progress" max={1000} value={Math.min(1000, permille)} />
    </div>
  );
}

function burnText({ burnToken, burnSchedule }: PoolView, stage: number): string {
  const step = burnSchedule.find((one) => one.stage === stage);
  return step === undefined || burnToken === null ? '' : `, ${amount(step.amount, burnToken)} burned`;
}

/** The next threshold that is set, and the stage that begins there. */
function nextThreshold({ stage, thresholds }: PoolView): { stage: number; threshold: bigint } | null {
  for (const [index, threshold] of thresholds.entries()) {
    if (index + 1 >= stage && threshold !== null) return { stage: index + 2, threshold };
  }
  return null;
}
