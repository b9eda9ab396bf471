/** What went wrong at Privy and what to do next, in sentences. Privy's errors are known by their names and codes. */
import { asSentence } from '../state/sentences';

/** Privy's library could not be fetched from this server. */
export class LibraryError extends Error {
  override readonly name = 'LibraryError';
}

const BY_CODE: Readonly<Record<string, string>> = {
  invalid_credentials:
    'Privy does not take this code: it is another one, or too old. Look again, or have another code sent.',
  too_many_requests: 'Privy takes only so many requests. Wait a few minutes, then try again.',
  invalid_data: 'Privy cannot use this. Check what you typed, then try again.',
  disallowed_plus_email: 'Here no address with a plus sign can sign in. Use another one.',
  allowlist_rejected: 'Here only invited addresses can sign in, and this is none of them.',
  user_does_not_exist: 'Here nobody new can sign in, and Privy does not know this address.',
  signup_disabled: 'Here nobody new can sign in, and Privy does not know this address.',
  max_accounts_reached:
    'This server’s Privy app has as many users as it may have. Tell the operator, or use another key.',
  disallowed_login_method:
    'This server’s Privy app has e-mail switched off. Tell the operator, or use another key.',
  feature_not_enabled:
    'This server’s Privy app has e-mail switched off. Tell the operator, or use another key.',
  invalid_captcha:
    'This server’s Privy app asks for a captcha, which this page does not show. Tell the operator, or use another key.',
  invalid_origin:
    'Privy does not let this page’s address use the app. Tell the operator, or use another key.',
  missing_origin:
    'Privy does not let this page’s address use the app. Tell the operator, or use another key.',
  missing_or_invalid_privy_app_id:
    'Privy does not know this server’s app. Tell the operator, or use another key.',
};

const UNANSWERED = 'Privy did not answer. Check your connection, then try again.';

/** Says why Privy did not do what it was asked for. */
export function describePrivy(cause: unknown): string {
  if (cause instanceof LibraryError) {
    return 'The part of this page that speaks with Privy could not be loaded. Check your connection, then try again.';
  }
  if (!(cause instanceof Error)) return UNANSWERED;
  const { name, code, status } = cause as Error & { code?: unknown; status?: unknown };
  if (name !== 'PrivyApiError') return UNANSWERED;
  const known = typeof code === 'string' ? BY_CODE[code] : undefined;
  if (known !== undefined) return known;
  if (typeof status === 'number' && status >= 500) return 'Privy has trouble of its own. Try again later.';
  return `Privy refused: ${asSentence(cause.message)}`;
}
