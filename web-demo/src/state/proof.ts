/**
 * Recomputes a pool from its very first event, in a worker, and compares it with what the server says.
 *
 * The last head that was found sound is kept in the browser. The next time the same events have to lead to it, so a
 * history that was rewritten since, however well, is noticed.
 */
import { effect, signal, untracked } from '@preact/signals';
import type { ReplaySummary } from 'postfun';
import { fetchHistory, fetchPool } from '../api/calls';
import type { PoolView } from '../api/model';
import { NoAnswerError, ApiError } from '../api/errors';
import type { Drill, Fault } from '../history/drill';
import type { Pin, Verified } from '../history/messages';
import type { Moment } from '../history/timeline';
import type { Historian } from './historian';
import { startHistorian } from './historian';
import { acceptPool, pool } from './pools';
import { asSentence, describe } from './sentences';
import { browser } from './storage';

export type Proof =
  | { phase: 'idle' }
  /** Events that arrived so far, of how many. */
  | { phase: 'fetching'; done: number; total: number }
  | { phase: 'replaying'; total: number }
  /** `since` is the event up to which this browser knew the history already. */
  | { phase: 'sound'; seq: number; swaps: number; since: number | null; millis: number }
  | { phase: 'wrong'; why: string }
  | { phase: 'failed'; sentence: string };

export const proof = signal<Proof>({ phase: 'idle' });

/** The walk through a sound history: how far it is, then the moment that is looked at. */
export type Travel =
  | { phase: 'none' }
  | { phase: 'walking'; done: number; total: number }
  | { phase: 'ready'; total: number; moment: Moment };

export const travel = signal<Travel>({ phase: 'none' });

export type DrillState = { phase: 'idle' } | { phase: 'running' } | { phase: 'done'; drill: Drill | null };

export const drilled = signal<DrillState>({ phase: 'idle' });

let historian: Historian | null = null;
/** The event that the slider was moved to last, while an answer is on its way. */
let wanted: number | null = null;

const pinKey = (poolId: number): string => `pin.${poolId}`;

/** Forgets what was found, and the worker with all it knows. */
function forget(): void {
  historian?.end();
  historian = null;
  wanted = null;
  proof.value = { phase: 'idle' };
  travel.value = { phase: 'none' };
  drilled.value = { phase: 'idle' };
}

export async function provePool(poolId: number): Promise<void> {
  forget();
  const mine = startHistorian();
  historian = mine;
  const show = (now: Proof): void => {
    if (historian === mine) proof.value = now;
  };
  show({ phase: 'fetching', done: 0, total: pool.peek()?.seq ?? 1 });
  try {
    const view = await fetchPool(poolId);
    const pages = await fetchHistory(poolId, view.seq, (done) =>
      show({ phase: 'fetching', done, total: view.seq }),
    );
    show({ phase: 'replaying', total: view.seq });
    const began = performance.now();
    const verified = await mine.ask('verify', { pages, pin: readPin(poolId) });
    show(judge(view, verified, Math.round(performance.now() - began)));
    acceptPool(view);
    if (proof.peek().phase === 'sound') await walk(mine, view.seq);
  } catch (cause) {
    show({ phase: 'failed', sentence: reason(cause) });
  }
}

function reason(cause: unknown): string {
  if (cause instanceof NoAnswerError || cause instanceof ApiError) return describe(cause);
  const why = cause instanceof Error ? cause.message : String(cause);
  return `The history could not be recomputed here: ${why}. Try again.`;
}

function judge(view: PoolView, { result, extendsPin }: Verified, millis: number): Proof {
  if ('fault' in result) return { phase: 'wrong', why: faultText(result.fault) };
  const { summary, bytes } = result;
  const field = firstDifference(view, summary);
  if (field !== null) {
    const why = `The events do not lead to the ${field} that the server shows.`;
    return { phase: 'wrong', why };
  }
  const pin = readPin(view.id);
  if (extendsPin === false && pin !== null) {
    const why = `Up to event ${pin.seq} this is not the history that this browser saw before: it was rewritten, or the server began anew.`;
    return { phase: 'wrong', why };
  }
  browser.write(pinKey(view.id), JSON.stringify({ seq: view.seq, head: view.head, bytes }));
  return { phase: 'sound', seq: view.seq, swaps: summary.swaps, since: pin?.seq ?? null, millis };
}

/** The fault as a sentence; its message names the event. */
export function faultText({ code, message }: Fault): string {
  return asSentence(`${message} (${code})`);
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

async function walk(mine: Historian, total: number): Promise<void> {
  const show = (now: Travel): void => {
    if (historian === mine) travel.value = now;
  };
  show({ phase: 'walking', done: 0, total });
  await mine.ask('walk', {}, (done) => show({ phase: 'walking', done, total }));
  show({ phase: 'ready', total, moment: await mine.ask('at', { seq: total }) });
}

/** Shows the pool after an event; of many wishes that come faster than answers only the last is asked for. */
export async function travelTo(seq: number): Promise<void> {
  const busy = wanted !== null;
  wanted = seq;
  if (busy) return;
  const mine = historian;
  try {
    while (mine !== null && wanted !== null) {
      const asked: number = wanted;
      const moment = await mine.ask('at', { seq: asked });
      if (mine !== historian) return;
      showMoment(moment);
      if (wanted === asked) wanted = null;
    }
  } catch (cause) {
    wanted = null;
    proof.value = { phase: 'failed', sentence: reason(cause) };
  }
}

function showMoment(moment: Moment): void {
  const current = travel.peek();
  if (current.phase === 'ready') travel.value = { ...current, moment };
}

/** Tampers with a copy of the history that was found sound. */
export async function runDrill(): Promise<void> {
  const mine = historian;
  if (mine === null) return;
  drilled.value = { phase: 'running' };
  try {
    const drill = await mine.ask('drill', {});
    if (historian === mine) drilled.value = { phase: 'done', drill };
  } catch (cause) {
    if (historian !== mine) return;
    drilled.value = { phase: 'idle' };
    proof.value = { phase: 'failed', sentence: reason(cause) };
  }
}

/** Forgets the verdict as soon as another pool is looked at. */
export function followProof(): void {
  let shownId: number | null = null;
  effect(() => {
    const id = pool.value?.id ?? null;
    if (id !== shownId) untracked(forget);
    shownId = id;
  });
}
