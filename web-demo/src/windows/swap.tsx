/** The swap form: two amounts, the local quote, the limits, and the button. */
import type { JSX, TargetedEvent } from 'preact';
import { attempt, swapDraft } from '../state/swap';
import { isOnline } from '../state/connection';
import { bootCore, now, refresh } from '../state/start';
import { core } from '../state/core';
import { draftTokens, needsAcceptance, outcome, shortfall, slippageBps } from '../state/draft';
import { isLive } from '../state/live';
import { choosePool, pool, pools } from '../state/pools';
import { user } from '../state/session';
import { LoadState, Notice } from '../ui/notice';
import { focusWindow, Window } from '../ui/window';
import { AmountFields, PAY_FIELD } from './swap-fields';
import { Figures, ImpactConsent } from './swap-figures';
import { OUTCOME, SwapOutcome } from './swap-outcome';
import { Slippage } from './slippage';
import { QuoteAnnouncer } from './announce';

export function SwapWindow(): JSX.Element {
  return (
    <Window id="swap" title="Swap" icon="swap" status={<SwapStatus />}>
      <CoreTrouble />
      <LoadState state={pools.value} what="pools" retry={() => void refresh()} />
      {pools.value.value?.length === 0 ? (
        <p>This server has no pool yet. An administrator makes one; it appears here by itself.</p>
      ) : null}
      {pool.value === null ? null : <SwapForm />}
      <SwapOutcome />
    </Window>
  );
}

function CoreTrouble(): JSX.Element | null {
  if (core.value.phase === 'loading') return <p class="busy">Loading the calculator…</p>;
  if (core.value.phase === 'ready') return null;
  return (
    <Notice tone="danger">
      <p>
        The calculator (WebAssembly) did not start, so nothing can be quoted or signed here. {core.value.why}
      </p>
      <button type="button" onClick={() => void bootCore()}>
        Try again
      </button>
    </Notice>
  );
}

/** Why pressing the button would not swap; null when it would. */
function obstacle(): string | null {
  if (user.value === null) return 'sign-in';
  if (!isOnline.value) return 'offline';
  if (attempt.value.phase === 'sending') return 'sending';
  if (attempt.value.phase === 'unanswered') return 'unanswered';
  if (outcome.value.kind !== 'quoted' || shortfall.value !== null) return 'amount';
  if (slippageBps.value === null) return 'slippage';
  return needsAcceptance.value ? 'impact' : null;
}

/** Where a person removes the obstacle. */
const REMEDY: Readonly<Record<string, string>> = {
  'sign-in': 'account',
  unanswered: OUTCOME,
  amount: PAY_FIELD,
  slippage: 'slippage-custom',
  impact: 'impact-accepted',
};

function submit(event: TargetedEvent<HTMLFormElement>): void {
  event.preventDefault();
  const inTheWay = obstacle();
  if (inTheWay === null) void swapDraft();
  else if (REMEDY[inTheWay] !== undefined) focusWindow(REMEDY[inTheWay]);
}

function SwapForm(): JSX.Element {
  return (
    <form onSubmit={submit} noValidate aria-label="Swap">
      <PoolPicker />
      <AmountFields />
      <QuoteAnnouncer />
      <Figures />
      <Slippage />
      <ImpactConsent />
      <SwapButton />
    </form>
  );
}

function PoolPicker(): JSX.Element | null {
  const list = pools.value.value ?? [];
  if (list.length < 2) return null;
  return (
    <label class="picker">
      Pool
      <select
        value={pool.value?.id}
        onChange={(event) => choosePool(Number.parseInt(event.currentTarget.value, 10))}
      >
        {list.map(({ id, a, b }) => (
          <option key={id} value={id}>
            {a.symbol} / {b.symbol} (pool {id})
          </option>
        ))}
      </select>
    </label>
  );
}

function SwapButton(): JSX.Element {
  const inTheWay = obstacle();
  const ready = inTheWay === null || inTheWay === 'sign-in';
  return (
    <button type="submit" class="primary wide tall" aria-disabled={!ready}>
      {buttonText(inTheWay)}
    </button>
  );
}

function buttonText(inTheWay: string | null): string {
  const tokens = draftTokens.value;
  if (inTheWay === 'sign-in') return 'Sign in to swap';
  if (inTheWay === 'offline') return 'No connection: quotes only';
  if (inTheWay === 'sending') return 'Swapping…';
  if (inTheWay === 'unanswered') return 'Find out about the last swap first';
  if (inTheWay === 'impact') return 'Accept the price impact first';
  return tokens === null ? 'Swap' : `Swap ${tokens.give.symbol} for ${tokens.get.symbol}`;
}

function SwapStatus(): JSX.Element {
  const at = pools.value.at;
  const seconds = at === null ? null : Math.max(0, Math.round((now.value - at) / 1000));
  return (
    <>
      <span class="grow">
        {isOnline.value ? 'Quotes work offline' : 'No connection: quotes go on working'}
      </span>
      <span>{poolAge(seconds)}</span>
    </>
  );
}

function poolAge(seconds: number | null): string {
  if (seconds === null) return 'no pool yet';
  return isLive.value ? 'pool is live' : `pool seen ${age(seconds)}`;
}

function age(seconds: number): string {
  if (seconds < 2) return 'now';
  if (seconds < 60) return `${seconds} s ago`;
  return seconds < 3600 ? `${Math.floor(seconds / 60)} min ago` : `${Math.floor(seconds / 3600)} h ago`;
}
