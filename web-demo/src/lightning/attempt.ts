/**
 * One request for an invoice or a withdrawal, from the click to the answer.
 *
 * | Phase      | Meaning                              | Leaves by                         |
 * |------------|--------------------------------------|-----------------------------------|
 * | idle       | nothing under way                    | a click                           |
 * | sending    | the request is on its way            | the answer, or none               |
 * | unanswered | it may or may not have arrived       | sending again, with the same key  |
 * | refused    | it certainly did nothing             | a new attempt                     |
 */
import { ApiError } from '../api/errors';
import { describe } from '../state/sentences';

export interface Attempt<Body> {
  /** The idempotency key: however often the request is sent, it does its work at most once. */
  key: string;
  userId: number;
  body: Body;
}

export type AttemptState<Body> =
  | { phase: 'idle' }
  | { phase: 'sending'; attempt: Attempt<Body> }
  | { phase: 'unanswered'; attempt: Attempt<Body>; sentence: string }
  | { phase: 'refused'; code: string; sentence: string };

/** What is known for certain although the status alone would leave it open. */
const DECIDED: readonly string[] = [
  'conflict',
  'invoice_already_paid',
  'lightning_not_configured',
  'lnbits_bad_response',
  'lnbits_error',
  'lnbits_unreachable',
  'withdraw_failed',
];

/** Statuses of a server that could not say yet, or no longer, what became of the request. */
const UNDECIDED_STATUS: readonly number[] = [408, 409, 425];

/** Decides whether a failed request may still have been carried out. */
export function afterFailure<Body>(attempt: Attempt<Body>, cause: unknown): AttemptState<Body> {
  const sentence = describePayment(cause);
  if (!(cause instanceof ApiError)) return { phase: 'unanswered', attempt, sentence };
  const { code, status } = cause;
  const undecided = !DECIDED.includes(code) && (status >= 500 || UNDECIDED_STATUS.includes(status));
  return undecided ? { phase: 'unanswered', attempt, sentence } : { phase: 'refused', code, sentence };
}

/** Refusals for which this page knows a better sentence than the general ones. */
const BY_CODE: Readonly<Record<string, string>> = {
  conflict: 'This invoice cannot be paid from your account. Ask the payee for a new one.',
  lightning_not_configured: 'This server has no Lightning provider now. Nothing was moved.',
  lnbits_bad_response: 'The Lightning provider answered without sense. Nothing was moved; try again later.',
  lnbits_error: 'The Lightning provider refused. Nothing was moved; try again later.',
  lnbits_unreachable: 'The Lightning provider cannot be reached. Nothing was moved; try again in a moment.',
  too_many_invoices: 'You have too many unpaid invoices. Pay one, or wait until they expire.',
  withdraw_failed:
    'The payment did not go through, and your sats came back. Ask the payee for a new invoice, or try again later.',
};

/** Says why a request about Lightning failed. */
export function describePayment(cause: unknown): string {
  return (cause instanceof ApiError ? BY_CODE[cause.code] : undefined) ?? describe(cause);
}

/** Why a withdrawal that had begun failed. */
export function failureSentence(failure: string | null): string {
  if (failure === 'invoice_expired') return 'The invoice expired before it was sent.';
  if (failure === 'payment_failed') return 'No way to the payee was found, or the payee refused.';
  if (failure === 'declared_unpaid')
    return 'The provider never said; its operator looked, and it was not paid.';
  return failure === null ? 'The provider gave no reason.' : `The provider’s reason: ${failure}.`;
}

/** Reads an attempt that was kept while its fate was unknown; null when the text is something else. */
export function readAttempt<Body>(
  text: string,
  isBody: (body: unknown) => body is Body,
): Attempt<Body> | null {
  try {
    const { key, userId, body } = JSON.parse(text) as Partial<Attempt<unknown>>;
    return typeof key === 'string' && typeof userId === 'number' && isBody(body)
      ? { key, userId, body }
      : null;
  } catch {
    return null;
  }
}
