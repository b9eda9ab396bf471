/** How often something that is not decided is looked at again. */
import type { Deposit, Withdrawal } from './model';

/** Beside a stream that tells of payments, and without one. */
const DEPOSIT_BESIDE_STREAM_MS = 15_000;
const DEPOSIT_MS = 3_000;
/** Between `reserved` and `sent` nothing is told, and neither lasts long. */
const WITHDRAWAL_MS = 2_000;
const UNKNOWN_MS = 5_000;

/** The wait before an invoice is asked about again, in milliseconds; infinite once it is decided. */
export function depositPace(
  { status, expiresAtSeconds }: Deposit,
  isLive: boolean,
  nowSeconds: number,
): number {
  if (status !== 'pending') return Infinity;
  const isOver = BigInt(nowSeconds) >= expiresAtSeconds;
  return isLive && !isOver ? DEPOSIT_BESIDE_STREAM_MS : DEPOSIT_MS;
}

/** The same for a withdrawal. */
export function withdrawalPace({ status, progress }: Withdrawal): number {
  if (status !== 'pending') return Infinity;
  return progress === 'unknown' ? UNKNOWN_MS : WITHDRAWAL_MS;
}
