/**
 * Lightning invoices (BOLT 11): what a text asks for, who asks, and whether it may be paid. The server judges by the
 * same rules.
 *
 * A module of its own, with a binary of its own: load it with `import('postfun/bolt11')` when an invoice is at hand.
 *
 * @packageDocumentation
 */
import type { CoreError } from './index.js';

export { CoreError } from './index.js';

/**
 * Starts this module. Everything else throws `not_initialised` before this promise has resolved.
 *
 * @param source the bytes, the URL or the response of `postfun_bolt11_bg.wasm`; without it, the file beside this module
 * @throws {CoreError} (as a rejection) `invalid_argument` for another source, `init_failed` with a `cause` when the
 * module cannot be read or started
 */
export function init(source?: ArrayBuffer | ArrayBufferView | URL | Response): Promise<void>;

/** A bitcoin network. */
export type Network = 'mainnet' | 'testnet' | 'signet' | 'regtest';

/** What an invoice asks for, and of whom; its signature is the payee's. Exactly one of the two descriptions is there. */
export interface Invoice {
  network: Network;
  /** What it asks for in millisatoshis, 1 to 2^63 - 1; `null` leaves that to the payer. */
  amountMsat: bigint | null;
  /** When it was made, by the payee's clock. */
  timestampSeconds: number;
  /** How long it is good, up to 2^64 - 1. */
  expiresInSeconds: bigint;
  /** When it expires: in that second it has. At most 2^64 - 1. */
  expiresAtSeconds: bigint;
  /** What tells this payment from every other; 64 hexadecimal digits. */
  paymentHash: string;
  /** What the payee wants to see with the payment; 64 hexadecimal digits. */
  paymentSecret: string | null;
  /** What it is for, in the payee's words: any text. It may hold control characters and turn the direction of writing. */
  description: string | null;
  /** The SHA-256 of what it is for; 64 hexadecimal digits. */
  descriptionHash: string | null;
  /** The payee's public key, compressed; 66 hexadecimal digits. */
  payee: string;
  /** The least distance to the end of the last hop's time lock, in blocks. */
  minFinalCltv: bigint;
}

/** What is to be paid. */
export interface Payment {
  /** The network that payments go to. */
  network: Network;
  /** What is to be paid, in sats. */
  amountSats: bigint;
  /** Now, in seconds since the epoch. */
  nowSeconds: number;
}

/**
 * Reads an invoice, all lower or all upper case, with or without `lightning:` before it, and checks its signature.
 *
 * @throws {CoreError} `not_initialised`, `invalid_argument`, and the codes of {@link InvoiceErrorCode} that begin with
 * `invoice_`, but for `invoice_expired`
 */
export function decodeInvoice(invoice: string): Invoice;

/**
 * Reads an invoice and checks that it is for this network, asks for exactly this amount, and has not expired.
 *
 * @returns the invoice, which may be paid
 * @throws {CoreError} `not_initialised`, `invalid_argument`, `amount_out_of_range` for an amount above 2^63 - 1, and the
 * codes of {@link InvoiceErrorCode}
 */
export function checkPayable(invoice: string, payment: Payment): Invoice;

/**
 * Returns the most that the fee of a withdrawal may be, in millisatoshis: as the operator has set it, else the larger of
 * 20 sats and one hundredth of the amount, rounded up to whole millisatoshis.
 *
 * @param amountMsat what is to be paid, in millisatoshis, up to 2^63 - 1
 * @param feeSatsMax what the operator has set, in sats, up to 2^63 - 1; `null` when nothing
 * @throws {CoreError} `not_initialised`, `invalid_argument`, and `amount_out_of_range` for a number above 2^63 - 1
 */
export function feeCapMsat(amountMsat: bigint, feeSatsMax?: bigint | null): bigint;

/** Every code that an invoice is refused with. */
export type InvoiceErrorCode =
  // It is none.
  | 'invoice_too_long'
  | 'invoice_malformed'
  | 'invoice_prefix'
  | 'invoice_amount_malformed'
  | 'invoice_amount_precision'
  | 'invoice_amount_out_of_range'
  | 'invoice_truncated'
  | 'invoice_signature_invalid'
  | 'invoice_field_repeated'
  | 'invoice_payment_hash_missing'
  | 'invoice_payment_secret_missing'
  | 'invoice_description_missing'
  | 'invoice_description_ambiguous'
  | 'invoice_description_encoding'
  | 'invoice_description_too_long'
  | 'invoice_number_out_of_range'
  | 'invoice_feature_unknown'
  | 'invoice_feature_dependency'
  // It may not be paid.
  | 'network_mismatch'
  | 'amountless_invoice'
  | 'amount_mismatch'
  | 'invoice_expired';
