/** Sats over Lightning: what one has, and the ways in and out. */
import { signal } from '@preact/signals';
import type { JSX } from 'preact';
import type { Sats } from '../lightning/model';
import { satsText } from '../lightning/text';
import { ownLive } from '../state/balances';
import { shownWithdrawal } from '../state/payments';
import { loadSats, sats, terms } from '../state/sats';
import { loadServer, server } from '../state/server';
import { user } from '../state/session';
import { withdrawalAttempt } from '../state/withdrawal';
import { group, NBSP } from '../ui/format';
import { LoadState } from '../ui/notice';
import { Window } from '../ui/window';
import { DepositPanel } from './deposit';
import { WithdrawPanel } from './withdraw';

type Way = 'deposit' | 'withdraw';

/** Which way is looked at; until one is chosen, a withdrawal that is under way comes first. */
const chosen = signal<Way | null>(null);

export function LightningWindow(): JSX.Element {
  const isOn = user.value !== null && terms.value?.canDeposit === true;
  return (
    <Window id="lightning" title="Lightning" icon="bolt" status={isOn ? <Status /> : undefined}>
      <Inside />
    </Window>
  );
}

function Status(): JSX.Element {
  return (
    <>
      <span class="grow">{ownLive.value ? 'Live: follows payments' : 'Asking now and then…'}</span>
      <span>{terms.value?.isSimulated === true ? 'simulated' : terms.value?.network}</span>
    </>
  );
}

function Inside(): JSX.Element {
  const allowed = terms.value;
  if (allowed === null) {
    return <LoadState state={server.value} what="server facts" retry={() => void loadServer()} />;
  }
  if (!allowed.canDeposit) {
    return (
      <p class="muted">
        This server has no Lightning provider, so sats can neither come nor go. Its operator can connect one.
      </p>
    );
  }
  if (user.value === null) return <p class="muted">Sign in to receive and to send sats.</p>;
  return (
    <>
      <LoadState state={sats.value} what="sats" retry={() => void loadSats()} />
      {sats.value.value === null ? null : <Held held={sats.value.value} />}
      {allowed.isSimulated ? (
        <p class="muted">A node of this demo stands in for the network: these sats are worth nothing.</p>
      ) : null}
      <Ways />
    </>
  );
}

function Held({ held: { availableMsat, heldMsat } }: { held: Sats }): JSX.Element {
  const whole = availableMsat / 1000n;
  return (
    <div class="held">
      <p>
        <strong class="digits" id="sats-available" title={`exactly ${satsText(availableMsat)}`}>
          {group(String(whole))}
        </strong>
        {NBSP}
        {whole === 1n ? 'sat' : 'sats'}
      </p>
      {availableMsat % 1000n === 0n ? null : (
        <p class="muted digits">exactly {satsText(availableMsat)}; only whole sats can be sent</p>
      )}
      {heldMsat === 0n ? null : (
        <p class="muted digits">and {satsText(heldMsat)} set aside for withdrawals</p>
      )}
    </div>
  );
}

function Ways(): JSX.Element {
  const busy = withdrawalAttempt.value.phase !== 'idle' || shownWithdrawal.value !== null;
  const way = chosen.value ?? (busy ? 'withdraw' : 'deposit');
  const button = (name: Way, text: string): JSX.Element => (
    <button
      type="button"
      aria-pressed={way === name}
      onClick={() => {
        chosen.value = name;
      }}
    >
      {text}
    </button>
  );
  return (
    <>
      <div class="ways" role="group" aria-label="Deposit or withdraw">
        {button('deposit', 'Deposit')}
        {button('withdraw', 'Withdraw')}
      </div>
      {way === 'deposit' ? <DepositPanel /> : <WithdrawPanel />}
    </>
  );
}
