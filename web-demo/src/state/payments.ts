/**
 * The signed-in person's deposits and withdrawals: two lists whose rows follow what happens to them.
 *
 * News arrives by the person's stream, as the id of a row, which is then fetched. What is not decided is also looked at
 * from time to time, since a stream can be down and since not every step is told.
 */
import type { Signal } from '@preact/signals';
import { computed, effect, signal, untracked } from '@preact/signals';
import * as api from '../api/lightning';
import type { Moved } from '../api/own-stream';
import type { Listing } from '../lightning/listing';
import { continued, merged, noListing, restarted } from '../lightning/listing';
import type { Deposit, Page, Withdrawal } from '../lightning/model';
import { depositPace, withdrawalPace } from '../lightning/pace';
import { ownLive } from './balances';
import { deviceOnline, serverNowSeconds } from './connection';
import { refreshSats, terms } from './sats';
import { describe } from './sentences';
import { user, userId } from './session';

export const deposits = signal<Listing<Deposit>>(noListing());
export const withdrawals = signal<Listing<Withdrawal>>(noListing());

/** The deposit whose invoice is shown, and the withdrawal whose progress is. */
export const shownDeposit = signal<string | null>(null);
export const shownWithdrawal = signal<string | null>(null);

const TICK_MS = 1_000;

export const loadDeposits = (): Promise<void> => readFirst(deposits, api.fetchDeposits);
export const loadWithdrawals = (): Promise<void> => readFirst(withdrawals, api.fetchWithdrawals);
export const moreDeposits = (): Promise<void> => readNext(deposits, api.fetchDeposits);
export const moreWithdrawals = (): Promise<void> => readNext(withdrawals, api.fetchWithdrawals);

/** Reads both lists again from the beginning. */
export async function loadPayments(): Promise<void> {
  await Promise.all([loadDeposits(), loadWithdrawals()]);
}

export const noteDeposit = (row: Deposit): void => note(deposits, row);
export const noteWithdrawal = (row: Withdrawal): void => note(withdrawals, row);

function note<T extends Deposit | Withdrawal>(list: Signal<Listing<T>>, row: T): void {
  list.value = { ...list.peek(), items: merged(list.peek().items ?? [], [row]) };
}

type Fetcher<T> = (before: string | null) => Promise<Page<T>>;

function readFirst<T extends Deposit | Withdrawal>(
  list: Signal<Listing<T>>,
  fetcher: Fetcher<T>,
): Promise<void> {
  return read(list, fetcher, null, restarted);
}

async function readNext<T extends Deposit | Withdrawal>(
  list: Signal<Listing<T>>,
  fetcher: Fetcher<T>,
): Promise<void> {
  const { next, loading } = list.peek();
  if (next !== null && !loading) await read(list, fetcher, next, continued);
}

async function read<T extends Deposit | Withdrawal>(
  list: Signal<Listing<T>>,
  fetcher: Fetcher<T>,
  before: string | null,
  put: (shown: Listing<T>, page: Page<T>) => Listing<T>,
): Promise<void> {
  const owner = user.peek()?.id;
  list.value = { ...list.peek(), loading: true, error: null };
  const failed = (cause: unknown): Listing<T> => ({
    ...list.peek(),
    loading: false,
    error: describe(cause),
  });
  const read = await fetcher(before).then((page) => put(list.peek(), page), failed);
  // The answer of a session that ended meanwhile belongs to nobody here.
  if (user.peek()?.id === owner) list.value = read;
}

/** Takes the news that something became of a deposit or a withdrawal. */
export async function notePayment({ kind, id }: Moved): Promise<void> {
  await (kind === 'deposit' ? askDeposit(id) : askWithdrawal(id));
}

async function askDeposit(id: string): Promise<void> {
  await ask(id, () => api.fetchDeposit(id), noteDeposit);
}

async function askWithdrawal(id: string): Promise<void> {
  await ask(id, () => api.fetchWithdrawal(id), noteWithdrawal);
}

/** When each row was last asked about. */
const asked = new Map<string, number>();

async function ask<T extends Deposit | Withdrawal>(
  id: string,
  fetcher: () => Promise<T>,
  take: (row: T) => void,
): Promise<void> {
  const owner = user.peek()?.id;
  asked.set(id, Date.now());
  // Without an answer the row stays as it is, and is asked about again.
  const row = await fetcher().catch(() => null);
  asked.set(id, Date.now());
  if (row === null || user.peek()?.id !== owner) return;
  take(row);
  if (row.status !== 'pending') await refreshSats();
}

/** Asks about whatever is not decided and was not asked about for a while. */
function lookAgain(): void {
  if (document.hidden || !deviceOnline.peek() || user.peek() === null) return;
  const isDue = (id: string, pace: number): boolean => Date.now() - (asked.get(id) ?? 0) >= pace;
  const now = serverNowSeconds();
  for (const row of deposits.peek().items ?? [])
    if (row.id === shownDeposit.peek() && isDue(row.id, depositPace(row, ownLive.peek(), now)))
      void askDeposit(row.id);
  for (const row of withdrawals.peek().items ?? [])
    if (isDue(row.id, withdrawalPace(row))) void askWithdrawal(row.id);
}

/** Whose payments are followed; nobody's where Lightning is off. */
const followedUser = computed(() => (terms.value?.canDeposit === true ? userId.value : null));

/** Reads the lists at sign-in, forgets them at sign-out, and keeps what is not decided up to date. */
export function followPayments(): void {
  effect(() => {
    const isOn = followedUser.value !== null;
    untracked(() => {
      deposits.value = noListing();
      withdrawals.value = noListing();
      shownDeposit.value = null;
      shownWithdrawal.value = null;
      asked.clear();
      if (isOn) void loadPayments();
    });
  });
  setInterval(lookAgain, TICK_MS);
}
