/** How far a withdrawal is, and what became of it; nothing is claimed that the provider has not said. */
import type { JSX } from 'preact';
import { failureSentence } from '../lightning/attempt';
import { MSAT } from '../lightning/limits';
import type { Withdrawal } from '../lightning/model';
import { satsText } from '../lightning/text';
import { newWithdrawal } from '../state/withdrawal';
import type { Tone } from '../ui/notice';
import { Notice } from '../ui/notice';

export function ShownWithdrawal({ withdrawal }: { withdrawal: Withdrawal }): JSX.Element {
  const isPending = withdrawal.status === 'pending';
  return (
    <div class="payment">
      <Steps withdrawal={withdrawal} />
      <Notice tone={toneOf(withdrawal)}>
        <Story withdrawal={withdrawal} />
      </Notice>
      <button type="button" class="wide" onClick={newWithdrawal}>
        {isPending ? 'Leave it, and pay another invoice' : 'Pay another invoice'}
      </button>
    </div>
  );
}

function toneOf({ status, progress }: Withdrawal): Tone {
  if (status === 'confirmed') return 'good';
  if (status === 'failed') return 'danger';
  return progress === 'unknown' ? 'warn' : 'info';
}

function Story({ withdrawal }: { withdrawal: Withdrawal }): JSX.Element {
  const { status, amountSats, feeMsat, isInside, failure, detail } = withdrawal;
  const amount = satsText(amountSats * MSAT);
  if (status === 'confirmed') {
    const fee = isInside
      ? 'It went to another user of this server, without the network, so there was no fee.'
      : `The fee was ${satsText(feeMsat ?? 0n)}; the rest of what was set aside is back in your balance.`;
    return (
      <p>
        <strong>{amount} paid.</strong> {fee}
      </p>
    );
  }
  if (status === 'failed') {
    return (
      <p>
        <strong>{amount} were not paid, and all your sats came back.</strong> {failureSentence(failure)} Ask
        the payee for a new invoice, or try again later.
      </p>
    );
  }
  return (
    <p>
      <strong>{amount}.</strong> {detail}
    </p>
  );
}

/** The way of a withdrawal, as far as it is known. */
function Steps({ withdrawal }: { withdrawal: Withdrawal }): JSX.Element {
  const { status, progress } = withdrawal;
  const at = status === 'pending' ? (progress === 'reserved' ? 0 : 1) : 2;
  const last = status === 'failed' ? 'Sats back' : 'Paid';
  const names = ['Set aside', progress === 'unknown' ? 'Sent, outcome not known' : 'Sent', last];
  return (
    <ol class="steps" aria-label="Progress of the withdrawal">
      {names.map((name, index) => (
        <li
          key={index}
          class={index < at || at === 2 ? 'past' : index === at ? 'now' : ''}
          aria-current={index === at ? 'step' : undefined}
        >
          {name}
        </li>
      ))}
    </ol>
  );
}
