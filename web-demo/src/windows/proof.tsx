/** The button that recomputes the pool's whole history, and the verdict. */
import type { JSX } from 'preact';
import type { PoolView } from '../api/model';
import { isOnline } from '../state/connection';
import type { Proof } from '../state/proof';
import { proof, provePool } from '../state/proof';
import { group } from '../ui/format';
import { Notice } from '../ui/notice';

export function HistoryProof({ view }: { view: PoolView }): JSX.Element {
  const running = proof.value.phase === 'running';
  return (
    <>
      <button type="button" disabled={running || !isOnline.value} onClick={() => void provePool(view.id)}>
        {running ? 'Recomputing…' : 'Recompute its whole history here'}
      </button>
      <div role="status" id="history-proof">
        <Verdict of={proof.value} />
      </div>
    </>
  );
}

function Verdict({ of: verdict }: { of: Proof }): JSX.Element | null {
  switch (verdict.phase) {
    case 'idle':
    case 'running':
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

function soundText({ seq, swaps, since }: Extract<Proof, { phase: 'sound' }>): string {
  const events = `${group(String(seq))} event${seq === 1 ? '' : 's'}, ${group(String(swaps))} of them ${swaps === 1 ? 'a swap' : 'swaps'}`;
  const known =
    since === null
      ? 'This browser now remembers the head.'
      : `It goes on from event ${group(String(since))}, which this browser had seen.`;
  return `Recomputed ${events}: hashes, fees, outputs, stages and reserves are right. ${known}`;
}
