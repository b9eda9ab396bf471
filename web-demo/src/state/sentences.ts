/** What went wrong and what to do next, in sentences. */
import { ApiError, NoAnswerError } from '../api/errors';

/** Refusals for which this page knows a better next step than the server does. */
const BY_CODE: Readonly<Record<string, string>> = {
  insufficient_balance: 'Your balance is smaller than this swap needs. Enter less and swap again.',
  slippage_too_high:
    'The price moved past your limit before the swap arrived, so nothing was swapped. Look at the new quote, or allow more slippage.',
  expired:
    'The swap arrived after its deadline, so nothing was swapped. Look at the new quote and swap again.',
  already_granted: 'You already took the starter grant. It is given once per key.',
  challenge_expired: 'This took too long. Start again.',
  challenge_already_used: 'The server’s challenge was already answered. Start again.',
  challenge_not_found: 'The server no longer knows its challenge. Start again.',
  missing_bearer_token: 'Sign in first.',
  invalid_or_expired_token: 'Your session ended. Sign in again.',
};

/** Says why a request failed. */
export function describe(cause: unknown): string {
  if (cause instanceof NoAnswerError) return `${cause.message} Check your connection, then try again.`;
  if (!(cause instanceof ApiError)) {
    // A fault of this page: the console keeps the details.
    console.error(cause);
    return 'Something in this page failed. Reload it and try again.';
  }
  if (cause.status === 429) return tooManyRequests(cause.retryAfterSeconds);
  const sentence = BY_CODE[cause.code] ?? asSentence(cause.message);
  if (cause.status < 500) return sentence;
  return `${sentence} Try again${cause.requestId === null ? '.' : `; the server’s log knows this as ${cause.requestId}.`}`;
}

function tooManyRequests(seconds: number | null): string {
  const wait = seconds === null ? 'Wait a minute' : `Wait ${seconds} second${seconds === 1 ? '' : 's'}`;
  return `The server takes only so many requests from one address. ${wait}, then try again.`;
}

/** Gives a message a capital letter and a full stop. */
export function asSentence(message: string): string {
  const text = message.trim();
  if (text === '') return 'The server gave no reason.';
  const capital = text.charAt(0).toUpperCase() + text.slice(1);
  return /[.!?]$/.test(capital) ? capital : `${capital}.`;
}
