// Compiled, not run: what a caller of the second module may write.
import { CoreError, type ErrorCode } from 'postfun';
import {
  checkPayable,
  decodeInvoice,
  init,
  type Invoice,
  type InvoiceErrorCode,
  type Network,
} from 'postfun/bolt11';

export async function read(text: string): Promise<[bigint | null, string | null, Network, number]> {
  await init(new URL('https://example.com/postfun_bolt11_bg.wasm'));
  const { amountMsat, description, network, timestampSeconds, expiresAtSeconds }: Invoice =
    decodeInvoice(text);
  const left: bigint = expiresAtSeconds - BigInt(timestampSeconds);
  return [amountMsat ?? left, description, network, timestampSeconds];
}

export function pay(text: string): Invoice {
  // @ts-expect-error an amount is a bigint
  checkPayable(text, { network: 'mainnet', amountSats: 1, nowSeconds: 1 });
  // @ts-expect-error no such network
  checkPayable(text, { network: 'bitcoin', amountSats: 1n, nowSeconds: 1 });
  return checkPayable(text, { network: 'mainnet', amountSats: 1n, nowSeconds: 1 });
}

export function reason(error: unknown): ErrorCode | undefined {
  const expired: InvoiceErrorCode = 'invoice_expired';
  return error instanceof CoreError && error.code !== expired ? error.code : undefined;
}
