/** Asking for an invoice. */
import { effect, signal, untracked } from '@preact/signals';
import { requestDeposit } from '../api/lightning';
import type { DepositBody } from '../api/types';
import type { Attempt, AttemptState } from '../lightning/attempt';
import { afterFailure } from '../lightning/attempt';
import { newKey } from './attempt';
import { noteDeposit, shownDeposit } from './payments';
import { user, userId } from './session';

export const depositAttempt = signal<AttemptState<DepositBody>>({ phase: 'idle' });

/** What is typed into the form. */
export const depositDraft = signal({ amount: '', memo: '' });

const EMPTY = { amount: '', memo: '' };

export async function askForInvoice(amountSats: bigint, memo: string): Promise<void> {
  const who = user.value;
  if (who === null || depositAttempt.value.phase === 'sending') return;
  const text = memo.trim();
  const body: DepositBody = { amount_sats: Number(amountSats), ...(text === '' ? {} : { memo: text }) };
  await send({ key: newKey(), userId: who.id, body });
}

/** Asks once more for the invoice whose answer never came; the same key gets the same invoice. */
export async function askAgain(): Promise<void> {
  if (depositAttempt.value.phase === 'unanswered') await send(depositAttempt.value.attempt);
}

export function dismissDepositAttempt(): void {
  depositAttempt.value = { phase: 'idle' };
}

/** Forgets the typed amount and everything that was tried. */
export function newDeposit(): void {
  shownDeposit.value = null;
  dismissDepositAttempt();
}

async function send(attempt: Attempt<DepositBody>): Promise<void> {
  depositAttempt.value = { phase: 'sending', attempt };
  const state = await requestDeposit(attempt.body, attempt.key).then(
    (deposit): AttemptState<DepositBody> => {
      if (user.peek()?.id !== attempt.userId) return { phase: 'idle' };
      noteDeposit(deposit);
      shownDeposit.value = deposit.id;
      depositDraft.value = EMPTY;
      return { phase: 'idle' };
    },
    (cause: unknown) => afterFailure(attempt, cause),
  );
  depositAttempt.value = user.peek()?.id === attempt.userId ? state : { phase: 'idle' };
}

/** Forgets at sign-out what was typed and tried. */
export function followDepositAttempt(): void {
  effect(() => {
    void userId.value;
    untracked(() => {
      depositAttempt.value = { phase: 'idle' };
      depositDraft.value = EMPTY;
    });
  });
}
