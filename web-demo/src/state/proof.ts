/**
 * Recomputes a pool from its very first event and compares it with what the server says.
 *
 * The last head that was found sound is kept in the browser. The next time the same events have to lead to it, so a
 * history that was rewritten since, however well, is noticed.
 */
import { effect, signal } from '@preact/signals';
import type { ReplaySummary } from 'postfun';
import { CoreError, replayLog } from 'postfun';
import { fetchHistory, fetchPool } from '../api/calls';
import type { PoolView } from '../api/model';
import { acceptPool, pool } from './pools';
import { describe } from './sentences';
import { browser } from './storage';

export type Proof =
  | { phase: 'idle' }
  | { phase: 'running' }
  /** `since` is the event up to which this browser knew the history already. */
  | { phase: 'sound'; seq: number; swaps: number; since: number | null }
  | { phase: 'wrong'; why: string }
  | { phase: 'failed'; sentence: string };

export const proof = signal<Proof>({ phase: 'idle' });

/** The head that was found sound last, and how many bytes of history lead to it. */
interface Pin {
  seq: number;
  head: string;
  bytes: number;
}

const pinKey = (poolId: number): string => `pin.${poolId}`;

export async function provePool(poolId: number): Promise<void> {
  proof.value = { phase: 'running' };
  try {
    const view = await fetchPool(poolId);
    const log = await fetchHistory(poolId, view.seq);
    proof.value = judge(view, log);
    acceptPool(view);
  } catch (cause) {
    proof.value = { phase: 'failed', sentence: describe(cause) };
  }
}

function judge(view: PoolView, log: Uint8Array): Proof {
  try {
    const summary = replayLog(log);
    const field = firstDifference(view, summary);
    if (field !== null)
      return { phase: 'wrong', why: `The events do not lead to the ${field} that the server shows.` };
    const pin = readPin(view.id);
    if (pin !== null && !leadsTo(pin, log)) {
      return {
        phase: 'wrong',
        why: `Up to event ${pin.seq} this is not the history that this browser saw before: it was rewritten, or the server began anew.`,
      };
    }
    browser.write(pinKey(view.id), JSON.stringify({ seq: view.seq, head: view.head, bytes: log.length }));
    return { phase: 'sound', seq: view.seq, swaps: summary.swaps, since: pin?.seq ?? null };
  } catch (cause) {
    if (!(cause instanceof CoreError)) throw cause;
    return { phase: 'wrong', why: `Event ${cause.seq ?? 0} is not what it has to be (${cause.code}).` };
  }
}

/** What the server shows otherwise than its own events have it. */
function firstDifference(view: PoolView, { seq, head, pool: replayed }: ReplaySummary): string | null {
  const pairs: [string, unknown, unknown][] = [
    ['number of events', view.seq, seq],
    ['head', view.head, head],
    ['reserves', view.reserveA, replayed.reserveA],
    ['reserves', view.reserveB, replayed.reserveB],
    ['volume', view.volumeA, replayed.volumeA],
    ['volume', view.volumeB, replayed.volumeB],
    ['fees', view.feesA, replayed.feesA],
    ['fees', view.feesB, replayed.feesB],
    ['stage', view.stage, replayed.stage],
  ];
  return pairs.find(([, shown, computed]) => shown !== computed)?.[0] ?? null;
}

/** Whether the history's beginning is the one that was seen before. */
function leadsTo(pin: Pin, log: Uint8Array): boolean {
  try {
    const { seq, head } = replayLog(log.subarray(0, pin.bytes));
    return seq === pin.seq && head === pin.head;
  } catch (cause) {
    if (cause instanceof CoreError) return false;
    throw cause;
  }
}

function readPin(poolId: number): Pin | null {
  try {
    const pin = JSON.parse(browser.read(pinKey(poolId)) ?? 'null') as Partial<Pin> | null;
    const { seq, head, bytes } = pin ?? {};
    return typeof seq === 'number' && typeof head === 'string' && typeof bytes === 'number'
      ? { seq, head, bytes }
      : null;
  } catch {
    return null;
  }
}

/** Forgets the verdict as soon as another pool is looked at. */
export function followProof(): void {
  let shownId: number | null = null;
  effect(() => {
    const id = pool.value?.id ?? null;
    if (id !== shownId) proof.value = { phase: 'idle' };
    shownId = id;
  });
}
