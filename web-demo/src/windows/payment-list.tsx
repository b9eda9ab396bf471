/** Deposits or withdrawals, newest first, a page at a time. */
import type { JSX } from 'preact';
import type { Listing } from '../lightning/listing';
import { clockTime } from '../ui/format';
import { Notice } from '../ui/notice';

export interface PaymentListProps<T> {
  list: Listing<T>;
  /** What is listed, such as “deposits”. */
  what: string;
  /** What stands there while there are none. */
  empty: string;
  retry: () => void;
  more: () => void;
  row: (item: T) => JSX.Element;
}

export function PaymentList<T>({ list, what, empty, retry, more, row }: PaymentListProps<T>): JSX.Element {
  const { items, next, loading, error } = list;
  return (
    <>
      {items === null && loading ? <p class="muted">Loading {what}…</p> : null}
      {items?.length === 0 ? <p class="muted">{empty}</p> : null}
      {items === null || items.length === 0 ? null : (
        <ul class="payments" aria-label={`Your ${what}`}>
          {items.map(row)}
        </ul>
      )}
      {error === null ? null : (
        <Notice tone="warn">
          <p>{error}</p>
          <button
            type="button"
            onClick={items === null ? retry : more}
            aria-label={`Try again to load ${what}`}
          >
            Try again
          </button>
        </Notice>
      )}
      {next === null || error !== null ? null : (
        <button type="button" class="wide" aria-disabled={loading} onClick={more}>
          {loading ? 'Loading…' : `Older ${what}`}
        </button>
      )}
    </>
  );
}

export interface RowProps {
  at: string;
  amount: string;
  /** What became of it. */
  word: string;
  tone: 'good' | 'open' | 'warn' | 'plain';
  note: string | null;
  action: JSX.Element | null;
}

export function Row({ at, amount, word, tone, note, action }: RowProps): JSX.Element {
  return (
    <li>
      <span class="digits">{amount}</span>
      <span class={`state ${tone}`}>{word}</span>
      <span class="sub">
        <time dateTime={at}>{clockTime(at)}</time>
        {note === null ? null : (
          <>
            {' · '}
            <bdi>{note}</bdi>
          </>
        )}
      </span>
      {action}
    </li>
  );
}
