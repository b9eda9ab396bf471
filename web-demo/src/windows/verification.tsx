/** The whole history: the button that recomputes it, the verdict, and what can be done with a sound one. */
import type { JSX } from 'preact';
import type { PoolView } from '../api/model';
import { headState } from '../state/head';
import { isOnline } from '../state/connection';
import { core } from '../state/core';
import { pool } from '../state/pools';
import type { Proof } from '../state/proof';
import { proof, provePool } from '../state/proof';
import { group, NBSP } from '../ui/format';
import { Notice } from '../ui/notice';
import { Window } from '../ui/window';
import { DrillPart } from './drill';
import { HeadFacts } from './head';
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
  const running = phase === 'replaying';
  const idle = running || !isOnline.value;
  return (
    <>
      <p>
        Every event since the pool was made can be recomputed here, with the code that the server runs.
        Nothing of it is believed.
      </p>
      <HeadFacts />
      <div class="buttons">
        <button type="button" disabled={idle} onClick={() => void provePool(view.id)}>
          {running ? 'Verifying…' : 'Verify this pool'}
        </button>
        {hasStart(view) ? (
          <button type="button" disabled={idle} onClick={() => void provePool(view.id, 'new')}>
            Verify only what is new
          </button>
        ) : null}
      </div>
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
  if (state.phase !== 'replaying') return null;
  return (
    <div>
      <label for="proof-progress">
        Recomputed {group(String(state.done))} of {group(String(state.total))} events.
      </label>
      <progress id="proof-progress" max={Math.max(1, state.total)} value={state.done} />
    </div>
  );
}

function Verdict({ of: verdict }: { of: Proof }): JSX.Element | null {
  switch (verdict.phase) {
    case 'idle':
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

function soundText({ seq, swaps, start, since, millis }: Extract<Proof, { phase: 'sound' }>): string {
  const took = `It took ${group(String(Math.max(1, millis)))}${NBSP}ms.`;
  const right = 'hashes, fees, outputs, stages and reserves are right.';
  if (start.by !== 'nobody') {
    const known =
      start.by === 'browser' ? 'up to which this browser had verified it' : 'whose state the server signed';
    return `Recomputed ${events(seq - start.seq)} after event ${group(String(start.seq))}, ${known}: ${right} ${took}`;
  }
  const known =
    since === null
      ? 'This browser now remembers the head.'
      : `It goes on from event ${group(String(since))}, which this browser had seen.`;
  const all = `${events(seq)}, ${group(String(swaps))} of them ${swaps === 1 ? 'a swap' : 'swaps'}`;
  return `Recomputed ${all}: ${right} ${known} ${took}`;
}

const events = (count: number): string => `${group(String(count))} event${count === 1 ? '' : 's'}`;

/** Whether there is a state to begin behind: one that this browser computed, or, every thousand events, a signed one. */
function hasStart(view: PoolView): boolean {
  const state = headState.value;
  return state.phase === 'good' && (state.pin.checkpoint !== null || view.seq >= 1_000);
}
