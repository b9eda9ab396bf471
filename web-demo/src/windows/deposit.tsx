/** Deposits: asking for an invoice, showing it until it is paid, and the ones before. */
import type { JSX, TargetedEvent } from 'preact';
import { useState } from 'preact/hooks';
import { settleSimulated } from '../api/lightning';
import { describePayment } from '../lightning/attempt';
import { memoProblem, MSAT, readSats } from '../lightning/limits';
import type { Deposit } from '../lightning/model';
import { useSeconds } from '../lightning/preview';
import { InvoiceQr } from '../lightning/qr-code';
import { foreignText, remainingText, satsText } from '../lightning/text';
import { isOnline } from '../state/connection';
import {
  askAgain,
  askForInvoice,
  depositAttempt,
  depositDraft,
  dismissDepositAttempt,
  newDeposit,
} from '../state/deposit';
import { deposits, loadDeposits, moreDeposits, notePayment, shownDeposit } from '../state/payments';
import { terms } from '../state/sats';
import { Fact } from '../ui/fact';
import { Field } from '../ui/field';
import { Notice } from '../ui/notice';
import { focusWindow } from '../ui/window';
import { PaymentList, Row } from './payment-list';

const AMOUNT = 'deposit-amount';
const MEMO = 'deposit-memo';
const SHOWN = 'deposit-shown';

export function DepositPanel(): JSX.Element {
  const shown = deposits.value.items?.find(({ id }) => id === shownDeposit.value) ?? null;
  return (
    <>
      {shown === null ? <DepositForm /> : <ShownDeposit deposit={shown} />}
      <div role="status" id="deposit-outcome">
        <AttemptOutcome />
        {shown === null ? null : <Announcement deposit={shown} />}
      </div>
      <h3>Deposits</h3>
      <PaymentList
        list={deposits.value}
        what="deposits"
        empty="None yet. The first one begins with an invoice, made above."
        retry={() => void loadDeposits()}
        more={() => void moreDeposits()}
        row={(deposit) => <DepositRow key={deposit.id} deposit={deposit} />}
      />
    </>
  );
}

function DepositForm(): JSX.Element | null {
  const allowed = terms.value;
  if (allowed === null) return null;
  const { amount, memo } = depositDraft.value;
  const entry = readSats(amount, allowed);
  const tooLong = memoProblem(memo);
  const { phase } = depositAttempt.value;
  const ready = entry.kind === 'amount' && tooLong === null && isOnline.value;
  const submit = (event: TargetedEvent<HTMLFormElement>): void => {
    event.preventDefault();
    if (phase === 'sending' || phase === 'unanswered' || !isOnline.value) return;
    if (entry.kind !== 'amount') focusWindow(AMOUNT);
    else if (tooLong !== null) focusWindow(MEMO);
    else void askForInvoice(entry.sats, memo);
  };
  return (
    <form onSubmit={submit} noValidate aria-label="Deposit">
      <Field
        id={AMOUNT}
        label="Amount"
        unit="sats"
        problem={entry.kind === 'refused' ? entry.sentence : null}
      >
        <input
          id={AMOUNT}
          class="digits"
          inputMode="numeric"
          autocomplete="off"
          placeholder="0"
          maxLength={24}
          value={amount}
          aria-invalid={entry.kind === 'refused'}
          aria-describedby={`${AMOUNT}-problem`}
          onInput={(event) => {
            depositDraft.value = { ...depositDraft.value, amount: event.currentTarget.value };
          }}
        />
      </Field>
      <Field id={MEMO} label="Memo" hint=" (optional)" problem={tooLong}>
        <input
          id={MEMO}
          class="plain"
          autocomplete="off"
          maxLength={639}
          value={memo}
          aria-invalid={tooLong !== null}
          aria-describedby={`${MEMO}-problem`}
          onInput={(event) => {
            depositDraft.value = { ...depositDraft.value, memo: event.currentTarget.value };
          }}
        />
      </Field>
      <button type="submit" class="primary wide tall" aria-disabled={!ready || phase !== 'idle'}>
        {isOnline.value ? (phase === 'sending' ? 'Making the invoice…' : 'Make an invoice') : 'No connection'}
      </button>
    </form>
  );
}

function AttemptOutcome(): JSX.Element | null {
  const state = depositAttempt.value;
  if (state.phase === 'refused') {
    return (
      <Notice tone="danger">
        <p>{state.sentence}</p>
        <button type="button" onClick={dismissDepositAttempt}>
          Close
        </button>
      </Notice>
    );
  }
  if (state.phase !== 'unanswered') return null;
  return (
    <Notice tone="warn">
      <p>
        {state.sentence} The invoice may have been made. Ask again: the request carries the same key, so it
        gets the same invoice.
      </p>
      <div class="actions">
        <button type="button" disabled={!isOnline.value} onClick={() => void askAgain()}>
          Ask again
        </button>
        <button type="button" onClick={dismissDepositAttempt}>
          Give up
        </button>
      </div>
    </Notice>
  );
}

/** What happened to the shown deposit, in a sentence that is read aloud. */
function Announcement({ deposit }: { deposit: Deposit }): JSX.Element {
  const amount = satsText(deposit.amountSats * MSAT);
  if (deposit.status === 'paid') {
    return (
      <Notice tone="good">
        <p>
          <strong>{amount} arrived.</strong> They are in your balance.
        </p>
      </Notice>
    );
  }
  if (deposit.status === 'expired') {
    return (
      <Notice tone="warn">
        <p>The invoice over {amount} expired unpaid, and nothing arrived. Make a new one.</p>
      </Notice>
    );
  }
  return <p class="only-read">An invoice over {amount} is ready. Waiting for the payment.</p>;
}

function ShownDeposit({ deposit }: { deposit: Deposit }): JSX.Element {
  const now = useSeconds();
  const amount = satsText(deposit.amountSats * MSAT);
  const isOver = BigInt(now) >= deposit.expiresAtSeconds;
  const isPending = deposit.status === 'pending';
  return (
    <div id={SHOWN} class="payment" tabIndex={-1}>
      {isPending && !isOver ? <InvoiceQr invoice={deposit.invoice} what={amount} /> : null}
      <dl class="figures">
        <Fact name="Amount">{amount}</Fact>
        <Fact name="Memo">
          <bdi>{deposit.memo === null ? 'none' : foreignText(deposit.memo)}</bdi>
        </Fact>
        {isPending ? <Fact name="Expires">{remainingText(deposit.expiresAtSeconds, now)}</Fact> : null}
        <Fact name="Status">{statusText(deposit, isOver)}</Fact>
      </dl>
      {isPending && !isOver ? <SimulatedPayer deposit={deposit} /> : null}
      <button type="button" class="wide" onClick={newDeposit}>
        {isPending ? 'Leave it, and make another' : 'Make another invoice'}
      </button>
    </div>
  );
}

function statusText({ status }: Deposit, isOver: boolean): string {
  if (status === 'paid') return 'paid';
  if (status === 'expired') return 'expired unpaid';
  return isOver ? 'making sure that nobody paid' : 'waiting for the payment…';
}

/** In a demo somebody elsewhere can be played by a button. */
function SimulatedPayer({ deposit }: { deposit: Deposit }): JSX.Element | null {
  const [state, setState] = useState<{ asking: boolean; problem: string | null }>({
    asking: false,
    problem: null,
  });
  if (terms.value?.isSimulated !== true) return null;
  const pay = async (): Promise<void> => {
    setState({ asking: true, problem: null });
    try {
      await settleSimulated(deposit.paymentHash);
      setState({ asking: false, problem: null });
      // The server looks by itself; asking makes it look now.
      await notePayment({ kind: 'deposit', id: deposit.id });
    } catch (cause) {
      setState({ asking: false, problem: describePayment(cause) });
    }
  };
  return (
    <>
      <button
        type="button"
        class="primary wide"
        disabled={state.asking || !isOnline.value}
        onClick={() => void pay()}
      >
        {state.asking ? 'Paying…' : 'Pay this invoice (simulated)'}
      </button>
      <p class="problem" role="status">
        {state.problem}
      </p>
    </>
  );
}

const DEPOSIT_WORD: Record<Deposit['status'], string> = {
  pending: 'waiting',
  paid: 'arrived',
  expired: 'expired',
};

function DepositRow({ deposit }: { deposit: Deposit }): JSX.Element {
  const { id, status, amountSats, memo, at } = deposit;
  const amount = satsText(amountSats * MSAT);
  const show = (): void => {
    shownDeposit.value = id;
    requestAnimationFrame(() => focusWindow(SHOWN));
  };
  return (
    <Row
      at={at}
      amount={amount}
      word={DEPOSIT_WORD[status]}
      tone={status === 'paid' ? 'good' : status === 'expired' ? 'plain' : 'open'}
      note={memo === null ? null : foreignText(memo)}
      action={
        status === 'pending' && shownDeposit.value !== id ? (
          <button type="button" class="small" onClick={show} aria-label={`Show the invoice over ${amount}`}>
            Show
          </button>
        ) : null
      }
    />
  );
}
