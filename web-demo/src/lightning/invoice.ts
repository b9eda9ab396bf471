/** What an invoice asks for, read in the page before anything is sent. */
import { CoreError } from 'postfun';
import type { Invoice, Network } from 'postfun/bolt11';
import type { InvoiceCode } from './sentences';
import { refusalSentence } from './sentences';

/** The module that reads invoices; it is a download of its own. */
export type Reader = typeof import('postfun/bolt11');

let reader: Promise<Reader> | undefined;

/** Loads the module with the first invoice; a failure is forgotten, so that the next invoice tries again. */
export function loadReader(): Promise<Reader> {
  reader ??= import('postfun/bolt11')
    .then(async (module) => {
      await module.init();
      return module;
    })
    .catch((cause: unknown) => {
      reader = undefined;
      throw cause;
    });
  return reader;
}

/** Why an invoice cannot be paid here. */
export interface Refusal {
  code: InvoiceCode;
  sentence: string;
}

export type Preview =
  | { kind: 'empty' }
  /** It is no invoice, or nobody signed it. */
  | { kind: 'unreadable'; refusal: Refusal }
  /** It is one; with a refusal it cannot be paid here and now all the same. Whoever read it knows what it may cost. */
  | { kind: 'invoice'; invoice: Invoice; amountSats: bigint | null; refusal: Refusal | null; reader: Reader };

const SAT_MSAT = 1000n;

/** Reads what somebody typed or pasted, and judges it as the server will. */
export function previewOf(reader: Reader, typed: string, network: Network, nowSeconds: number): Preview {
  const text = typed.trim();
  if (text === '') return { kind: 'empty' };
  let invoice: Invoice;
  try {
    invoice = reader.decodeInvoice(text);
  } catch (cause) {
    return { kind: 'unreadable', refusal: refusalOf(cause) };
  }
  const { amountMsat } = invoice;
  const isWhole = amountMsat !== null && amountMsat % SAT_MSAT === 0n;
  const amountSats = isWhole ? amountMsat / SAT_MSAT : null;
  try {
    // An invoice of half a sat equals no number of sats, so the check refuses it whatever stands here.
    reader.checkPayable(text, { network, amountSats: amountSats ?? 0n, nowSeconds });
  } catch (cause) {
    return { kind: 'invoice', invoice, amountSats, refusal: refusalOf(cause), reader };
  }
  return { kind: 'invoice', invoice, amountSats, refusal: null, reader };
}

/** The refusal that the package made; any other error is a fault and goes on. */
function refusalOf(cause: unknown): Refusal {
  if (!(cause instanceof CoreError)) throw cause;
  const code = cause.code as InvoiceCode;
  return { code, sentence: refusalSentence(code) };
}
