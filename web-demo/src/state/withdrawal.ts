/** Paying an invoice. */
import { effect, signal, untracked } from '@preact/signals';
import { makeForeignInvoice, sendWithdrawal } from '../api/lightning';
import { ApiError } from '../api/errors';
import type { WithdrawalBody } from '../api/types';
import type { Attempt, AttemptState } from '../lightning/attempt';
import { afterFailure, describePayment, readAttempt } from '../lightning/attempt';
import type { Preview } from '../lightning/invoice';
import { sampleSats } from '../lightning/limits';
import { newKey } from './attempt';
import { loadWithdrawals, noteWithdrawal, shownWithdrawal } from './payments';
import { refreshSats, sats, terms } from './sats';
import { user, userId } from './session';
import { tab } from './storage';

export const withdrawalAttempt = signal<AttemptState<WithdrawalBody>>({ phase: 'idle' });

/** What is typed or pasted. */
export const invoiceText = signal('');

/** What the pasted invoice says, and which text that is about. */
export const invoicePreview = signal<{ text: string; preview: Preview }>({
  text: '',
  preview: { kind: 'empty' },
});

const STORED = 'withdrawal-attempt';

export async function payInvoice(amountSats: bigint): Promise<void> {
  const who = user.value;
  if (who === null || withdrawalAttempt.value.phase === 'sending') return;
  const body = { bolt11: invoiceText.value.trim(), amount_sats: Number(amountSats) };
  await send({ key: newKey(), userId: who.id, body });
}

/** Sends the attempt whose fate is unknown once more; the same key and the same invoice make it happen at most once. */
export async function payAgain(): Promise<void> {
  if (withdrawalAttempt.value.phase === 'unanswered') await send(withdrawalAttempt.value.attempt);
}

export function dismissWithdrawalAttempt(): void {
  tab.drop(STORED);
  withdrawalAttempt.value = { phase: 'idle' };
}

/** Leaves an attempt whose fate is unknown behind; the list and the balance tell what became of it. */
export async function lookInTheList(): Promise<void> {
  dismissWithdrawalAttempt();
  await Promise.all([loadWithdrawals(), refreshSats()]);
}

export function newWithdrawal(): void {
  shownWithdrawal.value = null;
  dismissWithdrawalAttempt();
}

async function send(attempt: Attempt<WithdrawalBody>): Promise<void> {
  tab.write(STORED, JSON.stringify(attempt));
  withdrawalAttempt.value = { phase: 'sending', attempt };
  try {
    const withdrawal = await sendWithdrawal(attempt.body, attempt.key);
    tab.drop(STORED);
    if (user.peek()?.id !== attempt.userId) return;
    noteWithdrawal(withdrawal);
    shownWithdrawal.value = withdrawal.id;
    invoiceText.value = '';
    withdrawalAttempt.value = { phase: 'idle' };
  } catch (cause) {
    const state = afterFailure(attempt, cause);
    if (state.phase !== 'unanswered') tab.drop(STORED);
    if (user.peek()?.id !== attempt.userId) return;
    withdrawalAttempt.value = state;
    // One that failed stands in the list.
    if (cause instanceof ApiError && cause.code === 'withdraw_failed') await loadWithdrawals();
  }
  await refreshSats();
}

/** In a demo: whether an invoice of somebody elsewhere is on its way, or why there is none. */
export const sample = signal<{ asking: boolean; problem: string | null }>({ asking: false, problem: null });

/** In a demo: puts an invoice of somebody elsewhere into the form. */
export async function makeSampleInvoice(): Promise<void> {
  if (terms.value === null || sample.value.asking) return;
  sample.value = { asking: true, problem: null };
  try {
    invoiceText.value = await makeForeignInvoice(sampleSats(terms.value, sats.value.value));
    sample.value = { asking: false, problem: null };
  } catch (cause) {
    sample.value = { asking: false, problem: describePayment(cause) };
  }
}

/** Shows the attempts of nobody but the person signed in, and finds one whose answer never came. */
export function followWithdrawalAttempt(): void {
  effect(() => {
    const who = userId.value;
    untracked(() => {
      invoiceText.value = '';
      withdrawalAttempt.value = { phase: 'idle' };
      if (who !== null) restore(who);
    });
  });
}

function restore(userId: number): void {
  const attempt = readAttempt(tab.read(STORED) ?? '', isBody);
  if (attempt === null || attempt.userId !== userId) return;
  const sentence = 'The answer to your last withdrawal never came.';
  withdrawalAttempt.value = { phase: 'unanswered', attempt, sentence };
}

function isBody(body: unknown): body is WithdrawalBody {
  const { bolt11, amount_sats } = (body ?? {}) as Partial<WithdrawalBody>;
  return typeof bolt11 === 'string' && typeof amount_sats === 'number';
}
