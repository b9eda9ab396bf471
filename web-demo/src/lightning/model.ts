/** Sats, deposits and withdrawals as the page uses them: every amount a bigint with its unit in its name. */
import type { Network } from 'postfun/bolt11';
import { NoAnswerError } from '../api/errors';
import { units } from '../api/model';
import type { ApiBitcoin, ApiDeposit, ApiLightning, ApiSats, ApiWithdrawal } from '../api/types';

/** What a server offers and allows. */
export interface Terms {
  canDeposit: boolean;
  canWithdraw: boolean;
  network: Network;
  /** Whether a node of the demo's own stands in for the network. */
  isSimulated: boolean;
  depositSatsMax: bigint;
  withdrawSatsMax: bigint;
  withdrawSatsDailyMax: bigint;
  /** The fee cap of every withdrawal; null for the larger of 20 sats and one hundredth. */
  feeSatsMax: bigint | null;
}

export interface Sats {
  /** What can be spent. */
  availableMsat: bigint;
  /** What is set aside for withdrawals. */
  heldMsat: bigint;
}

export interface Deposit {
  id: string;
  amountSats: bigint;
  memo: string | null;
  invoice: string;
  paymentHash: string;
  status: 'pending' | 'paid' | 'expired';
  expiresAtSeconds: bigint;
  at: string;
}

export interface Withdrawal {
  id: string;
  amountSats: bigint;
  status: 'pending' | 'confirmed' | 'failed';
  /** How far it is while it is pending. */
  progress: 'reserved' | 'sent' | 'unknown' | 'done';
  /** What that means, in the server's words. */
  detail: string;
  /** Why it failed, as a code. */
  failure: string | null;
  /** What the network took; null until it is known. */
  feeMsat: bigint | null;
  feeCapSats: bigint;
  invoice: string;
  /** Whether it went to another user of this server, without the network. */
  isInside: boolean;
  at: string;
}

/** One page of a list. */
export interface Page<T> {
  items: T[];
  /** Where the next page begins; null on the last. */
  next: string | null;
}

function unreadable(): NoAnswerError {
  return new NoAnswerError('The server sent something about Lightning that this page cannot read.');
}

/** Reads a whole number of sats; there are fewer of them than whole numbers that JSON holds exactly. */
function sats(value: number): bigint {
  if (!Number.isSafeInteger(value) || value < 0) throw unreadable();
  return BigInt(value);
}

function oneOf<const T extends string>(known: readonly T[], text: string): T {
  const found = known.find((candidate) => candidate === text);
  if (found === undefined) throw unreadable();
  return found;
}

export function toTerms(lightning: ApiLightning): Terms {
  return {
    canDeposit: lightning.can_deposit,
    canWithdraw: lightning.can_withdraw,
    network: oneOf(['mainnet', 'testnet', 'signet', 'regtest'], lightning.network),
    isSimulated: lightning.is_simulated,
    depositSatsMax: sats(lightning.deposit_sats_max),
    withdrawSatsMax: sats(lightning.withdraw_sats_max),
    withdrawSatsDailyMax: sats(lightning.withdraw_sats_daily_max),
    feeSatsMax: lightning.fee_sats_max == null ? null : sats(lightning.fee_sats_max),
  };
}

export function toSats({ balance_msat, held_msat }: ApiSats): Sats {
  return { availableMsat: units(balance_msat), heldMsat: units(held_msat) };
}

/** The same as the stream of one's own tells it. */
export function toStreamedSats({ balance_msats, held_msats }: ApiBitcoin): Sats {
  return { availableMsat: units(balance_msats), heldMsat: units(held_msats) };
}

export function toDeposit(invoice: ApiDeposit): Deposit {
  const expiresAtMs = Date.parse(invoice.expires_at);
  if (Number.isNaN(expiresAtMs)) throw unreadable();
  return {
    id: invoice.id,
    amountSats: sats(invoice.amount_sats),
    memo: invoice.memo ?? null,
    invoice: invoice.payment_request,
    paymentHash: invoice.payment_hash,
    status: oneOf(['pending', 'paid', 'expired'], invoice.status),
    expiresAtSeconds: BigInt(Math.floor(expiresAtMs / 1000)),
    at: invoice.created_at,
  };
}

export function toWithdrawal(withdrawal: ApiWithdrawal): Withdrawal {
  return {
    id: withdrawal.id,
    amountSats: sats(withdrawal.amount_sats),
    status: oneOf(['pending', 'confirmed', 'failed'], withdrawal.status),
    progress: oneOf(['reserved', 'sent', 'unknown', 'done'], withdrawal.progress),
    detail: withdrawal.detail,
    failure: withdrawal.failure ?? null,
    feeMsat: withdrawal.fee_msat == null ? null : units(withdrawal.fee_msat),
    feeCapSats: sats(withdrawal.fee_cap_sats),
    invoice: withdrawal.payment_request,
    isInside: withdrawal.settled_inside,
    at: withdrawal.created_at,
  };
}
