/** The server's calls about Lightning. */
import { get, post } from './client';
import type { Deposit, Page, Sats, Withdrawal } from '../lightning/model';
import { toDeposit, toSats, toWithdrawal } from '../lightning/model';
import type * as wire from './types';

/** How many rows a list shows at a time. */
const PAGE = 5;

const listPath = (name: string, before: string | null): string =>
  `/api/lightning/${name}?limit=${PAGE}${before === null ? '' : `&before=${before}`}`;

export const fetchSats = async (): Promise<Sats> => toSats(await get<wire.ApiSats>('/api/lightning/balance'));

/** Asks for an invoice; the key makes a repetition get the same one. */
export async function requestDeposit(body: wire.DepositBody, idempotencyKey: string): Promise<Deposit> {
  return toDeposit(await post<wire.ApiDeposit>('/api/lightning/deposit', { body, idempotencyKey }));
}

export const fetchDeposit = async (id: string): Promise<Deposit> =>
  toDeposit(await get<wire.ApiDeposit>(`/api/lightning/invoices/${id}`));

export async function fetchDeposits(before: string | null): Promise<Page<Deposit>> {
  const page = await get<wire.ApiDepositList>(listPath('invoices', before));
  return { items: page.items.map(toDeposit), next: page.next_before ?? null };
}

/** Pays an invoice; the key makes a repetition get the same withdrawal. */
export async function sendWithdrawal(body: wire.WithdrawalBody, idempotencyKey: string): Promise<Withdrawal> {
  return toWithdrawal(await post<wire.ApiWithdrawal>('/api/lightning/withdraw', { body, idempotencyKey }));
}

export const fetchWithdrawal = async (id: string): Promise<Withdrawal> =>
  toWithdrawal(await get<wire.ApiWithdrawal>(`/api/lightning/withdrawals/${id}`));

export async function fetchWithdrawals(before: string | null): Promise<Page<Withdrawal>> {
  const page = await get<wire.ApiWithdrawalList>(listPath('withdrawals', before));
  return { items: page.items.map(toWithdrawal), next: page.next_before ?? null };
}

/** In a demo: pays an invoice of this server, as somebody elsewhere would. */
export async function settleSimulated(paymentHash: string): Promise<void> {
  await post('/api/demo/lightning/settle', { body: { payment_hash: paymentHash } });
}

/** In a demo: an invoice of somebody elsewhere. */
export async function makeForeignInvoice(amountSats: bigint): Promise<string> {
  const body = { amount_sats: Number(amountSats) };
  const made = await post<{ payment_request: string }>('/api/demo/lightning/invoice', { body });
  return made.payment_request;
}
