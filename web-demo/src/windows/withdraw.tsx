/** Withdrawals: reading an invoice before it is paid, following what becomes of it, and the ones before. */
import type { JSX, TargetedEvent } from 'preact';
import type { Plan } from '../lightning/limits';
import { MSAT, planOf } from '../lightning/limits';
import type { Terms, Withdrawal } from '../lightning/model';
import { InvoicePreview } from '../lightning/preview';
import { satsText } from '../lightning/text';
import { isOnline } from '../state/connection';
import { loadWithdrawals, moreWithdrawals, shownWithdrawal, withdrawals } from '../state/payments';
import { sats, terms } from '../state/sats';
import {
  dismissWithdrawalAttempt,
  invoicePreview,
  invoiceText,
  lookInTheList,
  makeSampleInvoice,
  payAgain,
  payInvoice,
  sample,
  withdrawalAttempt,
} from '../state/withdrawal';
import { Fact } from '../ui/fact';
import { Notice } from '../ui/notice';
import { focusWindow } from '../ui/window';
import { PaymentList, Row } from './payment-list';
import { ShownWithdrawal } from './withdrawal-progress';

const INVOICE = 'withdraw-invoice';
const SHOWN = 'withdrawal-shown';

export function WithdrawPanel(): JSX.Element {
  const allowed = terms.value;
  const shown = withdrawals.value.items?.find(({ id }) => id === shownWithdrawal.value) ?? null;
  return (
    <>
      <div id={SHOWN} role="status" tabIndex={-1}>
        {shown === null ? null : <ShownWithdrawal withdrawal={shown} />}
        <AttemptOutcome />
      </div>
      {allowed === null || shown !== null ? null : <WithdrawForm allowed={allowed} />}
      <h3>Withdrawals</h3>
      <PaymentList
        list={withdrawals.value}
        what="withdrawals"
        empty="None yet. The first one begins with an invoice that somebody asks you to pay."
        retry={() => void loadWithdrawals()}
        more={() => void moreWithdrawals()}
        row={(withdrawal) => <WithdrawalRow key={withdrawal.id} withdrawal={withdrawal} />}
      />
    </>
  );
}

function WithdrawForm({ allowed }: { allowed: Terms }): JSX.Element {
  if (!allowed.canWithdraw) {
    return (
      <p>
        This server’s operator has not enabled withdrawals: sats can come, but not leave. Ask them before you
        deposit more.
      </p>
    );
  }
  const text = invoiceText.value;
  const { preview } = invoicePreview.value;
  const plan = invoicePreview.value.text === text ? planOf(preview, allowed, sats.value.value) : null;
  const { phase } = withdrawalAttempt.value;
  const blocked = phase === 'sending' || phase === 'unanswered' || !isOnline.value;
  const submit = (event: TargetedEvent<HTMLFormElement>): void => {
    event.preventDefault();
    if (plan === null || plan.obstacle !== null) focusWindow(INVOICE);
    else if (!blocked) void payInvoice(plan.amountSats);
  };
  return (
    <form onSubmit={submit} noValidate aria-label="Withdraw">
      <InvoiceField />
      {allowed.isSimulated && text === '' ? <Sample /> : null}
      <InvoicePreview
        text={text}
        network={allowed.network}
        onPreview={(read) => {
          invoicePreview.value = { text, preview: read };
        }}
      />
      {plan === null ? null : <PlanFacts plan={plan} />}
      <p class="problem" id="withdraw-problem" role="status">
        {plan?.obstacle}
      </p>
      <button
        type="submit"
        class="primary wide tall"
        aria-disabled={plan === null || plan.obstacle !== null || blocked}
      >
        {buttonText(plan, phase)}
      </button>
    </form>
  );
}

function buttonText(plan: Plan | null, phase: string): string {
  if (!isOnline.value) return 'No connection';
  if (phase === 'sending') return 'Paying…';
  if (phase === 'unanswered') return 'Find out about the last one first';
  return plan === null ? 'Pay' : `Pay ${satsText(plan.amountSats * MSAT)}`;
}

function InvoiceField(): JSX.Element {
  const type = (text: string): void => {
    invoiceText.value = text;
    if (withdrawalAttempt.value.phase === 'refused') dismissWithdrawalAttempt();
  };
  return (
    <div class="amount">
      <div class="amount-head">
        <label for={INVOICE}>Invoice to pay</label>
        {invoiceText.value === '' ? null : (
          <button type="button" class="small" onClick={() => type('')} aria-label="Empty the invoice field">
            Empty
          </button>
        )}
      </div>
      <div class="sunken">
        <textarea
          id={INVOICE}
          rows={4}
          autocomplete="off"
          autocapitalize="none"
          autocorrect="off"
          spellcheck={false}
          placeholder="lnbc…"
          maxLength={8000}
          value={invoiceText.value}
          onInput={(event) => type(event.currentTarget.value)}
        />
      </div>
    </div>
  );
}

function PlanFacts({ plan }: { plan: Plan }): JSX.Element {
  return (
    <dl class="figures">
      <Fact name="Fee at most">{satsText(plan.feeCapMsat)}</Fact>
      <Fact name="Set aside meanwhile">
        {satsText(plan.totalMsat)} <span class="sub">what the fee does not use comes back</span>
      </Fact>
    </dl>
  );
}

/** In a demo somebody elsewhere has something to be paid for. */
function Sample(): JSX.Element {
  return (
    <>
      <button
        type="button"
        class="wide"
        disabled={sample.value.asking || !isOnline.value}
        onClick={() => void makeSampleInvoice()}
      >
        {sample.value.asking ? 'Asking…' : 'Make an invoice to pay (simulated)'}
      </button>
      <p class="problem" role="status">
        {sample.value.problem}
      </p>
    </>
  );
}

function AttemptOutcome(): JSX.Element | null {
  const state = withdrawalAttempt.value;
  if (state.phase === 'refused') {
    return (
      <Notice tone="danger">
        <p>{state.sentence}</p>
        <button type="button" onClick={dismissWithdrawalAttempt}>
          Close
        </button>
      </Notice>
    );
  }
  if (state.phase !== 'unanswered') return null;
  return (
    <Notice tone="warn">
      <p>
        {state.sentence} The {satsText(BigInt(state.attempt.body.amount_sats) * MSAT)} may or may not have
        been sent. Send it again to find out: it carries the same key and the same invoice, so it is paid once
        at most.
      </p>
      <div class="actions">
        <button type="button" disabled={!isOnline.value} onClick={() => void payAgain()}>
          Send again
        </button>
        <button type="button" onClick={() => void lookInTheList()}>
          Give up and look at the list
        </button>
      </div>
    </Notice>
  );
}

function wordOf({ status, progress }: Withdrawal): string {
  if (status !== 'pending') return status === 'confirmed' ? 'paid' : 'failed, sats back';
  if (progress === 'unknown') return 'not known yet';
  return progress === 'sent' ? 'on its way' : 'set aside';
}

function toneOf({ status, progress }: Withdrawal): 'good' | 'open' | 'warn' | 'plain' {
  if (status === 'confirmed') return 'good';
  if (status === 'failed') return 'plain';
  return progress === 'unknown' ? 'warn' : 'open';
}

function WithdrawalRow({ withdrawal }: { withdrawal: Withdrawal }): JSX.Element {
  const { id, status, amountSats, feeMsat, isInside, at } = withdrawal;
  const amount = satsText(amountSats * MSAT);
  const fee = isInside ? 'within this server, no fee' : `fee ${satsText(feeMsat ?? 0n)}`;
  const show = (): void => {
    shownWithdrawal.value = id;
    requestAnimationFrame(() => focusWindow(SHOWN));
  };
  return (
    <Row
      at={at}
      amount={amount}
      word={wordOf(withdrawal)}
      tone={toneOf(withdrawal)}
      note={status === 'confirmed' ? fee : null}
      action={
        status === 'pending' && shownWithdrawal.value !== id ? (
          <button
            type="button"
            class="small"
            onClick={show}
            aria-label={`Follow the withdrawal of ${amount}`}
          >
            Follow
          </button>
        ) : null
      }
    />
  );
}
