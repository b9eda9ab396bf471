/**
 * Recomputes a pool from its very first event, in a worker, and compares it with what the server says.
 *
 * The head that is remembered (see `head`) has to lie on the way, so a history that was rewritten since, however well, is
 * noticed.
 */
import { effect, signal, untracked } from '@preact/signals';
import type { ReplaySummary, SignedHead } from 'postfun';
import { verifyCheckpoint } from 'postfun';
import { fetchCheckpoint, fetchHistory, fetchPool } from '../api/calls';
import type { PoolView } from '../api/model';
import { NoAnswerError, ApiError } from '../api/errors';
import type { Drill, Fault } from '../history/drill';
import type { Place } from '../history/messages';
import { hex } from '../history/records';
import type { Moment } from '../history/timeline';
import { bytesOf } from '../history/verification';
import type { HeadFault, Pin } from './head';
import { checkHead, headState, readPin, remember } from './head';
import type { Historian } from './historian';
import { startHistorian } from './historian';
import { acceptPool, pool } from './pools';
import { asSentence, describe } from './sentences';

/** Everything, or only what is behind a state that this browser computed, or that the server signed. */
export type Scope = 'all' | 'new';

/** Where a verification began: at event 1, behind a state of this browser's own, or behind one that was signed. */
export interface Start {
  seq: number;
  by: 'nobody' | 'browser' | 'server';
}

export type Proof =
  | { phase: 'idle' }
  /** Events that were recomputed so far, of how many. */
  | { phase: 'replaying'; done: number; total: number }
  /** `since` is the event up to which this browser knew the history already. */
  | { phase: 'sound'; seq: number; swaps: number; start: Start; since: number | null; millis: number }
  | { phase: 'wrong'; why: string }
  | { phase: 'failed'; sentence: string };

export const proof = signal<Proof>({ phase: 'idle' });

/** The walk through a sound history: how far it is, then the moment that is looked at. */
export type Travel =
  | { phase: 'none' }
  | { phase: 'walking'; done: number; total: number }
  | { phase: 'ready'; first: number; total: number; moment: Moment };

export const travel = signal<Travel>({ phase: 'none' });

export type DrillState = { phase: 'idle' } | { phase: 'running' } | { phase: 'done'; drill: Drill | null };

export const drilled = signal<DrillState>({ phase: 'idle' });

let historian: Historian | null = null;
/** The event that the slider was moved to last, while an answer is on its way. */
let wanted: number | null = null;

/** Forgets what was found, and the worker with all it knows. */
function forget(): void {
  historian?.end();
  historian = null;
  wanted = null;
  proof.value = { phase: 'idle' };
  travel.value = { phase: 'none' };
  drilled.value = { phase: 'idle' };
}

/** Where to begin, with the bytes to begin with; `witness` is a signed state that has to lie on the way. */
interface Plan {
  start: Start;
  checkpoint: Uint8Array | null;
  witness: Uint8Array | null;
}

const FROM_THE_FIRST: Start = { seq: 0, by: 'nobody' };

export async function provePool(poolId: number, scope: Scope = 'all'): Promise<void> {
  forget();
  const mine = startHistorian();
  historian = mine;
  const show = (now: Proof): void => {
    if (historian === mine) proof.value = now;
  };
  show({ phase: 'replaying', done: 0, total: pool.peek()?.seq ?? 1 });
  try {
    const known = readPin(poolId);
    const view = await fetchPool(poolId);
    show(await verdictOf(mine, { view, scope, known }, show));
    acceptPool(view);
    if (proof.peek().phase === 'sound') await walk(mine, view.seq);
  } catch (cause) {
    show({ phase: 'failed', sentence: reason(cause) });
  }
}

async function verdictOf(
  mine: Historian,
  { view, scope, known }: { view: PoolView; scope: Scope; known: Pin | null },
  show: (now: Proof) => void,
): Promise<Proof> {
  const checked = await checkHead(view.id, view.seq, known);
  if (checked.phase === 'wrong') return { phase: 'wrong', why: headSentence(checked.fault, checked.pin) };
  if (checked.phase !== 'good') return { phase: 'idle' };
  const { head, pin } = checked;
  const plan = await planOf(view, scope, pin);
  if (plan === null) return { phase: 'wrong', why: 'The server’s signature of a past state is not good.' };
  const { start, checkpoint, witness } = plan;
  await mine.ask('begin', { checkpoint, witness });
  const total = view.seq - start.seq;
  let fault: Fault | null = null;
  await fetchHistory(view.id, start.seq, view.seq, async (piece, seq) => {
    fault = await mine.ask('push', { pages: [piece] });
    show({ phase: 'replaying', done: seq - start.seq, total });
    return fault === null;
  });
  if (fault !== null) return { phase: 'wrong', why: faultSentence(fault, start) };
  return conclude(mine, view, head, pin, start);
}

/** Compares what the events lead to with what the server shows and signs, and remembers the new head. */
async function conclude(
  mine: Historian,
  view: PoolView,
  head: SignedHead,
  pin: Pin,
  start: Start,
): Promise<Proof> {
  const place: Place = { seq: pin.seq, head: pin.head };
  const { summary, checkpoint, millis, passes } = await mine.ask('end', { place });
  const field = firstDifference(view, head, summary);
  if (field !== null)
    return { phase: 'wrong', why: `The events do not lead to the ${field} that the server shows.` };
  if (passes === false) return { phase: 'wrong', why: headSentence('rewritten', pin) };
  // A state that only the server vouched for is not kept as one that was computed here.
  const own = start.by === 'server' ? null : hex(checkpoint);
  // Behind a signed state that is later than the head that is remembered nothing shows that one leads to the other.
  const isJoined = passes === true;
  const kept = isJoined
    ? remember(view.id, head, own ?? (pin.seq === head.seq ? pin.checkpoint : null))
    : pin;
  if (pool.peek()?.id === view.id) headState.value = { phase: 'good', head, pin: kept };
  const since = pin.checkpoint === null || !isJoined ? null : pin.seq;
  return { phase: 'sound', seq: view.seq, swaps: summary.swaps, start, since, millis };
}

/** Where to begin; null when the server's signature is wrong. */
async function planOf(view: PoolView, scope: Scope, pin: Pin): Promise<Plan | null> {
  if (scope === 'new' && pin.checkpoint !== null) {
    const start: Start = { seq: pin.seq, by: 'browser' };
    return { start, checkpoint: bytesOf(pin.checkpoint), witness: null };
  }
  const signed = await fetchCheckpoint(view.id);
  if (signed === null || signed.seq > view.seq)
    return { start: FROM_THE_FIRST, checkpoint: null, witness: null };
  const bytes = bytesOf(signed.checkpoint);
  if (signed.pubkey !== pin.key || !verifyCheckpoint(bytes, signed.pubkey, signed.signature)) return null;
  if (scope === 'all') return { start: FROM_THE_FIRST, checkpoint: null, witness: bytes };
  return { start: { seq: signed.seq, by: 'server' }, checkpoint: bytes, witness: null };
}

function reason(cause: unknown): string {
  if (cause instanceof NoAnswerError || cause instanceof ApiError) return describe(cause);
  const why = cause instanceof Error ? cause.message : String(cause);
  return `The history could not be recomputed here: ${why}. Try again.`;
}

/** What is wrong with a head, in words. */
export function headSentence(fault: HeadFault, pin: Pin | null): string {
  const known = pin === null ? '' : String(pin.seq);
  switch (fault) {
    case 'unsigned':
      return 'The head that the server shows does not carry a good signature of its key.';
    case 'key':
      return 'The server signs with another key than the one that this browser remembers.';
    case 'shorter':
      return `The history ends before event ${known}, which this browser saw before.`;
    case 'rewritten':
      return `Up to event ${known} this is not the history that this browser saw before: it was rewritten, or the server began anew.`;
  }
}

/** A fault right behind a state that was known before is one of the link between them. */
function faultSentence(fault: Fault, start: Start): string {
  const isLink = start.seq > 0 && fault.seq === start.seq + 1 && fault.code === 'replay_hash_mismatch';
  if (!isLink) return faultText(fault);
  const known = start.by === 'browser' ? 'this browser verified' : 'the server signed';
  return `The events do not go on from event ${start.seq}, which ${known}: ${faultText(fault)}`;
}

/** The fault as a sentence; its message names the event. */
export function faultText({ code, message }: Fault): string {
  return asSentence(`${message} (${code})`);
}

/** What the server shows otherwise than its own events have it. */
function firstDifference(view: PoolView, signed: SignedHead, summary: ReplaySummary): string | null {
  const { seq, head, pool: replayed } = summary;
  const pairs: [string, unknown, unknown][] = [
    ['number of events', view.seq, seq],
    ['head', view.head, head],
    ['signed head', signed.head, head],
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

async function walk(mine: Historian, total: number): Promise<void> {
  const show = (now: Travel): void => {
    if (historian === mine) travel.value = now;
  };
  show({ phase: 'walking', done: 0, total });
  const first = await mine.ask('walk', {}, (done) => show({ phase: 'walking', done, total }));
  if (first > total) return show({ phase: 'none' });
  show({ phase: 'ready', first, total, moment: await mine.ask('at', { seq: total }) });
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
