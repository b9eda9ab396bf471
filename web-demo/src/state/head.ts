/**
 * The signed head of the pool that is looked at, and the one that this browser remembers.
 *
 * The server signs the end of each history. What it signed once is kept here, so a server that tells another story later
 * is noticed, and its own signature proves it. A head is moved on only by a verification that leads from the old to the new.
 */
import { effect, signal, untracked } from '@preact/signals';
import type { SignedHead } from 'postfun';
import { verifyHead } from 'postfun';
import { fetchHead } from '../api/calls';
import { core } from './core';
import { pool } from './pools';
import { describe } from './sentences';
import { server } from './server';
import { browser } from './storage';

/** A head that this browser remembers. */
export interface Pin {
  /** The public key that signed it. */
  key: string;
  seq: number;
  head: string;
  signature: string;
  /** When this browser first saw a head of this pool under this key, in milliseconds. */
  since: number;
  /** The pool behind that event as this browser itself computed it, in hexadecimal; null when it only saw the head. */
  checkpoint: string | null;
}

/** What is wrong with a head. */
export type HeadFault = 'unsigned' | 'key' | 'shorter' | 'rewritten';

export type HeadState =
  | { phase: 'unknown' }
  | { phase: 'failed'; sentence: string }
  | { phase: 'good'; head: SignedHead; pin: Pin }
  /** `then` is what the server signs today about the event that is remembered. */
  | { phase: 'wrong'; fault: HeadFault; head: SignedHead; then: SignedHead | null; pin: Pin | null };

export const headState = signal<HeadState>({ phase: 'unknown' });

const pinKey = (poolId: number): string => `pin.${poolId}`;

export function readPin(poolId: number): Pin | null {
  try {
    const pin = JSON.parse(browser.read(pinKey(poolId)) ?? 'null') as Partial<Pin> | null;
    const { key, seq, head, signature, since, checkpoint } = pin ?? {};
    const isWhole =
      typeof key === 'string' &&
      typeof seq === 'number' &&
      typeof head === 'string' &&
      typeof signature === 'string' &&
      typeof since === 'number';
    return isWhole ? { key, seq, head, signature, since, checkpoint: checkpoint ?? null } : null;
  } catch {
    return null;
  }
}

/** Remembers a head, with the state behind it if that was computed here. */
export function remember(poolId: number, head: SignedHead, checkpoint: string | null): Pin {
  const old = readPin(poolId);
  if (old !== null && old.key === head.pubkey && old.seq > head.seq) return old;
  const since = old !== null && old.key === head.pubkey ? old.since : Date.now();
  const pin = {
    key: head.pubkey,
    seq: head.seq,
    head: head.head,
    signature: head.signature,
    since,
    checkpoint,
  };
  browser.write(pinKey(poolId), JSON.stringify(pin));
  return pin;
}

/**
 * Judges a head beside what is remembered.
 *
 * @param key the key that the server names as its own
 * @param then what the server signs today about the place that is remembered
 */
export function judgeHead(
  head: SignedHead,
  key: string,
  pin: Pin | null,
  then: SignedHead | null,
): HeadFault | null {
  if (head.pubkey !== key || !verifyHead(head)) return 'unsigned';
  if (pin === null) return null;
  if (pin.key !== key) return 'key';
  if (head.seq < pin.seq) return 'shorter';
  if (then === null) return null;
  if (then.pubkey !== key || then.seq !== pin.seq || !verifyHead(then)) return 'unsigned';
  return then.head === pin.head ? null : 'rewritten';
}

/**
 * Fetches the head after an event, the present one without, and judges it; shows what came out.
 *
 * @param pin what was remembered before anything was asked: another tab may remember a later head meanwhile
 */
export async function checkHead(
  poolId: number,
  seq?: number,
  pin: Pin | null = readPin(poolId),
): Promise<HeadState> {
  const key = server.peek().value?.head_key.pubkey ?? '';
  const head = await fetchHead(poolId, seq);
  const isPast = pin !== null && pin.key === key && pin.seq < head.seq;
  const then = isPast ? await fetchHead(poolId, pin.seq) : pin?.seq === head.seq ? head : null;
  const fault = head.poolId === BigInt(poolId) ? judgeHead(head, key, pin, then) : 'unsigned';
  const state: HeadState =
    fault === null
      ? { phase: 'good', head, pin: pin ?? remember(poolId, head, null) }
      : { phase: 'wrong', fault, head, then, pin };
  if (pool.peek()?.id === poolId) headState.value = state;
  return state;
}

/** Looks at the head, and says so when it cannot be had. */
export async function loadHead(poolId: number): Promise<void> {
  try {
    await checkHead(poolId);
  } catch (cause) {
    if (pool.peek()?.id === poolId) headState.value = { phase: 'failed', sentence: describe(cause) };
  }
}

/** Forgets what was remembered of a pool and begins anew with what the server signs now: the user has decided so. */
export async function trustAnew(poolId: number): Promise<void> {
  browser.drop(pinKey(poolId));
  await loadHead(poolId);
}

/** Looks at the head of whatever pool is looked at, once. */
export function followHead(): void {
  let shown: number | null = null;
  effect(() => {
    const id = pool.value?.id ?? null;
    const isReady = core.value.phase === 'ready' && server.value.value !== null;
    if (id === null || !isReady || id === shown) return;
    shown = id;
    untracked(() => {
      headState.value = { phase: 'unknown' };
      void loadHead(id);
    });
  });
}
