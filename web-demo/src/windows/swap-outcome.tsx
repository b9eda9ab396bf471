/** What became of the swap, and whether the server's figures equal the ones computed here. */
import type { JSX } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { tokensOf } from '../api/model';
import type { AttemptState } from '../state/attempt';
import type { Check, Row } from '../state/check';
import { core } from '../state/core';
import { isOnline } from '../state/connection';
import { attempt, dismissAttempt, giveUp, sendAgain } from '../state/swap';
import { amount } from '../ui/amount';
import { Notice } from '../ui/notice';

export const OUTCOME = 'swap-outcome';

export function SwapOutcome(): JSX.Element {
  const frame = useRef<HTMLDivElement>(null);
  const { phase } = attempt.value;
  // On a phone the answer would appear below the screen's edge.
  useEffect(() => {
    if (phase !== 'idle' && phase !== 'sending') frame.current?.scrollIntoView({ block: 'nearest' });
  }, [phase]);
  return (
    <div id={OUTCOME} ref={frame} role="status" tabIndex={-1}>
      {outcomeOf(attempt.value)}
    </div>
  );
}

function outcomeOf(state: AttemptState): JSX.Element | null {
  switch (state.phase) {
    case 'idle':
    case 'sending':
      return null;
    case 'refused':
      return (
        <Notice tone="danger">
          <p>{state.sentence}</p>
          <Dismiss />
        </Notice>
      );
    case 'unanswered':
      return <Unanswered sentence={state.sentence} />;
    case 'done':
      return <Done state={state} />;
  }
}

function Dismiss(): JSX.Element {
  return (
    <button type="button" onClick={dismissAttempt}>
      Close
    </button>
  );
}

function Unanswered({ sentence }: { sentence: string }): JSX.Element {
  return (
    <Notice tone="warn">
      <p>
        {sentence} The swap may or may not have happened. Send it again to find out: it carries the same key,
        so it happens once at most, and after two minutes no more.
      </p>
      <div class="actions">
        <button
          type="button"
          disabled={!isOnline.value || core.value.phase !== 'ready'}
          onClick={() => void sendAgain()}
        >
          Send again
        </button>
        <button type="button" onClick={() => void giveUp()}>
          Give up and look at my balances
        </button>
      </div>
    </Notice>
  );
}

function Done({ state }: { state: Extract<AttemptState, { phase: 'done' }> }): JSX.Element {
  const { trade, check, attempt: made } = state;
  const { give, get } = tokensOf(made.before, trade.side);
  return (
    <Notice tone={check.kind === 'different' ? 'danger' : 'good'} marked={check.kind === 'different'}>
      <p>
        <strong>
          Swapped {amount(trade.amountIn, give)} for {amount(trade.amountOut, get)}.
        </strong>
      </p>
      <Verdict check={check} />
      <Dismiss />
    </Notice>
  );
}

function Verdict({ check }: { check: Check }): JSX.Element {
  if (check.kind === 'unchecked') return <p>The figures could not be compared here. {check.why}</p>;
  if (check.kind === 'different') {
    return (
      <>
        <p>
          <strong>The server’s figures are not the ones this page computes.</strong> {check.why} Keep a copy
          of this and ask the server’s operator before you swap again.
        </p>
        <Comparison rows={check.rows} />
      </>
    );
  }
  const others = check.earlier === 1 ? 'one swap' : `${check.earlier} swaps`;
  return (
    <>
      <p>
        <span class="tick">✓</span> Matched to the last unit: the server did what this page computes
        {check.earlier === 0 ? '' : `, after ${others} by others that came first and were repeated here`}.
      </p>
      <details>
        <summary>Compare the figures</summary>
        <Comparison rows={check.rows} />
      </details>
    </>
  );
}

/** One line a figure that both have, two where they differ. */
function Comparison({ rows }: { rows: readonly Row[] }): JSX.Element | null {
  if (rows.length === 0) return null;
  return (
    <dl class="figures compare">
      {rows.map(({ label, token, here, server }) => (
        <div key={label + token.symbol}>
          <dt>{label}</dt>
          <dd class={here === server ? '' : 'differs'}>
            {here === server ? (
              <>
                {amount(here, token)} <span class="tick">✓ both</span>
              </>
            ) : (
              <>
                this page {amount(here, token)}
                <br />
                server {amount(server, token)} ≠
              </>
            )}
          </dd>
        </div>
      ))}
    </dl>
  );
}
