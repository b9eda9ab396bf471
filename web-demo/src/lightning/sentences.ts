/** Why an invoice cannot be paid, and what to do next. */
import type { InvoiceErrorCode } from 'postfun/bolt11';

/** What reading can refuse with: the invoice's own codes, and that of a text beyond every limit. */
export type InvoiceCode = InvoiceErrorCode | 'invalid_argument';

const INCOMPLETE = 'This is no complete invoice. Copy it again, all of it.';
const FAULTY = 'This invoice is faulty, so no wallet should pay it. Ask for a new one.';
const NO_AMOUNT = 'The invoice’s amount cannot be read. Ask for a new invoice.';

const SENTENCES: Readonly<Record<InvoiceCode, string>> = {
  invalid_argument: INCOMPLETE,
  invoice_too_long: INCOMPLETE,
  invoice_malformed: INCOMPLETE,
  invoice_truncated: INCOMPLETE,
  invoice_prefix:
    'This is no Lightning invoice. One begins with lnbc, or with lntb, lntbs or lnbcrt on a test network.',
  invoice_amount_malformed: NO_AMOUNT,
  invoice_amount_precision: NO_AMOUNT,
  invoice_amount_out_of_range: NO_AMOUNT,
  invoice_signature_invalid:
    'The invoice’s signature is wrong: somebody changed it. Do not pay it; ask for a new one.',
  invoice_field_repeated: FAULTY,
  invoice_payment_hash_missing: FAULTY,
  invoice_payment_secret_missing: FAULTY,
  invoice_description_missing: FAULTY,
  invoice_description_ambiguous: FAULTY,
  invoice_description_encoding: FAULTY,
  invoice_description_too_long: FAULTY,
  invoice_number_out_of_range: FAULTY,
  invoice_feature_unknown:
    'This invoice needs a feature that this wallet does not have. Ask for a plain one.',
  invoice_feature_dependency: FAULTY,
  network_mismatch: 'This invoice is for another network than this server pays on.',
  amountless_invoice: 'This invoice names no amount. Ask for one of exactly the amount you want to send.',
  amount_mismatch: 'This invoice asks for a part of a sat, and whole sats are sent. Ask for a new one.',
  invoice_expired: 'This invoice expired. Ask for a new one.',
};

export function refusalSentence(code: InvoiceCode): string {
  return SENTENCES[code];
}
