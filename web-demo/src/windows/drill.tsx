/** The drill: what the check says when a trade was tampered with. */
import type { JSX } from 'preact';
import type { PoolView } from '../api/model';
import { tokensOf } from '../api/model';
import type { Drill, Fault } from '../history/drill';
import { drilled, faultText, runDrill } from '../state/proof';
import { amount } from '../ui/amount';
import { group } from '../ui/format';
import { Notice } from '../ui/notice';

export function DrillPart({ view }: { view: PoolView }): JSX.Element {
  const state = drilled.value;
  return (
    <>
      <h3>Would it notice a forgery?</h3>
      <button type="button" disabled={state.phase === 'running'} onClick={() => void runDrill()}>
        {state.phase === 'running' ? 'Tampering…' : 'Tamper with a trade and check again'}
      </button>
      <div role="status" id="drill">
        {state.phase === 'done' ? <Outcome drill={state.drill} view={view} /> : null}
      </div>
    </>
  );
}

function Outcome({ drill, view }: { drill: Drill | null; view: PoolView }): JSX.Element {
  if (drill === null) {
    return (
      <Notice tone="info">
        <p>There is no swap to tamper with yet. Swap once, then verify again.</p>
      </Notice>
    );
  }
  const { seq, side, amountOut, tampered, plain, rehashed } = drill;
  const { get } = tokensOf(view, side);
  const noticed = isNamed(plain, seq) && (rehashed === undefined || isNamed(rehashed, seq));
  return (
    <Notice tone={noticed ? 'good' : 'danger'}>
      <p>
        <strong>{noticed ? 'Noticed.' : 'Not noticed!'}</strong> In a copy, event {group(String(seq))} now
        pays {amount(tampered, get)} instead of {amount(amountOut, get)}.
      </p>
      <ul class="findings">
        <li>As it stands: {finding(plain)}</li>
        {rehashed === undefined ? null : (
          <li>With every hash from there on forged to match: {finding(rehashed)}</li>
        )}
      </ul>
    </Notice>
  );
}

const isNamed = (fault: Fault | null, seq: number): boolean => fault?.seq === seq;

const finding = (fault: Fault | null): string => (fault === null ? 'nothing was found.' : faultText(fault));
