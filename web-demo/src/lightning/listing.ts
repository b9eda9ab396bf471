/** A list that is read page by page, newest first, while its rows go on changing. */
import type { Deposit, Page, Withdrawal } from './model';

export interface Listing<T> {
  /** Newest first; null until the first page is here. */
  items: T[] | null;
  /** Where the next page begins; null when there is none. */
  next: string | null;
  loading: boolean;
  /** Why the last page could not be had, as a sentence. */
  error: string | null;
}

export function noListing<T>(): Listing<T> {
  return { items: null, next: null, loading: false, error: null };
}

type Row = Deposit | Withdrawal;

/** How far a row is: answers overtake each other, and a row never goes back. */
function rank(row: Row): number {
  if (row.status !== 'pending') return 2;
  return 'progress' in row && row.progress !== 'reserved' ? 1 : 0;
}

/** The rows with newer ones put in; ids rise with time. */
export function merged<T extends Row>(rows: readonly T[], newer: readonly T[]): T[] {
  const byId = new Map(rows.map((row) => [row.id, row]));
  for (const row of newer) {
    const known = byId.get(row.id);
    if (known === undefined || rank(row) >= rank(known)) byId.set(row.id, row);
  }
  return [...byId.values()].sort((left, right) => (left.id < right.id ? 1 : -1));
}

/** The list after its first page was read again. What it showed beyond that page is left out, so that no gap appears. */
export function restarted<T extends Row>({ items }: Listing<T>, page: Page<T>): Listing<T> {
  const oldest = page.next === null ? '' : (page.items.at(-1)?.id ?? '');
  const kept = (items ?? []).filter(({ id }) => id >= oldest);
  return { items: merged(kept, page.items), next: page.next, loading: false, error: null };
}

/** The list with the next page behind it. */
export function continued<T extends Row>({ items }: Listing<T>, page: Page<T>): Listing<T> {
  return { items: merged(items ?? [], page.items), next: page.next, loading: false, error: null };
}
