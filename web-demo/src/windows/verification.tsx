/** The whole history: the button that recomputes it, the verdict, and what can be done with a sound one. */
import type { JSX } from 'preact';
import type { PoolView } from '../api/model';
import { isOnline } from '../state/connection';
import { core } from '../state/core';
import { pool } from '../state/pools';
import type { Proof } from '../state/proof';
import { proof, provePool } from '../state/proof';
import { group, NBSP } from '../ui/format';
import { Notice } from '../ui/notice';
import { Window } from '../ui/window';
import { DrillPart } from './drill';
import { TravelPart } from './travel';

export function HistoryWindow(): JSX.Element {
  const view = pool.value;
  return (
    <Window id="history" title="History" icon="history">
      {view === null || core.value.phase !== 'ready' ? (
        <p class="muted">Waiting for the pool.</p>
      ) : (
        <Verification view={view} />
      )}
    </Window>
  );
}

function Verification({ view }: { view: PoolView }): JSX.Element {
  const { phase } = proof.value;
  const running = phase === 'fetching' || phase === 'replaying';
  return (
    <>
      <p>
        Every event since the pool was made can be recomputed here, with the code that the server runs.
        Nothing of it is believed.
      </p>
      <button type="button" disabled={running || !isOnline.value} onClick={() => void provePool(view.id)}>
        {running ? 'Verifying…' : 'Verify this pool'}
      </button>
      <Progress of={proof.value} />
      <div role="status" id="history-proof">
        <Verdict of={proof.value} />
      </div>
      {phase === 'sound' ? (
        <>
          <DrillPart view={view} />
          <TravelPart view={view} />
        </>
      ) : null}
    </>
  );
}

function Progress({ of: state }: { of: Proof }): JSX.Element | null {
  if (state.phase !== 'fetching' && state.phase !== 'replaying') return null;
  const total = group(String(state.total));
  const fetching = state.phase === 'fetching';
  return (
    <div>
      <label for="proof-progress">
        {fetching
          ? `Fetched ${group(String(state.done))} of ${total} events.`
          : `Recomputing ${total} events.`}
      </label>
      <progress id="proof-progress" {...(fetching ? { max: state.total, value: state.done } : {})} />
    </div>
  );
}

function Verdict({ of: verdict }: { of: Proof }): JSX.Element | null {
  switch (verdict.phase) {
    case 'idle':
    case 'fetching':
    case 'replaying':
      return null;
    case 'failed':
      return (
        <Notice tone="warn">
          <p>{verdict.sentence}</p>
        </Notice>
      );
    case 'wrong':
      return (
        <Notice tone="danger">
          <p>
            <strong>The history does not hold.</strong> {verdict.why} Ask the server’s operator before you
            swap here.
          </p>
        </Notice>
      );
    case 'sound':
      return (
        <Notice tone="good">
          <p>{soundText(verdict)}</p>
        </Notice>
      );
  }
}

function soundText({ seq, swaps, since, millis }: Extract<Proof, { phase: 'sound' }>): string {
  const events = `${group(String(seq))} event${seq === 1 ? '' : 's'}, ${group(String(swaps))} of them ${swaps === 1 ? 'a swap' : 'swaps'}`;
  const known =
    since === null
      ? 'This browser now remembers the head.'
      : `It goes on from event ${group(String(since))}, which this browser had seen.`;
  const took = `It took ${group(String(Math.max(1, millis)))}${NBSP}ms.`;
  return `Recomputed ${events}: hashes, fees, outputs, stages and reserves are right. ${known} ${took}`;
}
