/** Tampers with a copy of a history the way a dishonest server might, and sees whether the check notices. */
import { CoreError, Replay } from 'postfun';
import { AMOUNT_OUT_AT, HASH_BYTES, Records } from './records';

/** What is wrong with a history, and at which event. */
export interface Fault {
  seq: number;
  code: string;
  message: string;
}

export interface Drill {
  /** The swap that was tampered with. */
  seq: number;
  side: 'AtoB' | 'BtoA';
  amountOut: bigint;
  tampered: bigint;
  /** What the check says; null when it noticed nothing. */
  plain: Fault | null;
  /** The same after every hash from there on was made anew; undefined where this page may not compute hashes. */
  rehashed: Fault | null | undefined;
}

/** Only swaps so near to the end are tampered with, so that forging the hashes after them takes no time. */
const LATEST = 1_000;
const DOMAIN = new TextEncoder().encode('postfun/pool-event');

/** Raises the output of one of the latest swaps by one unit; null when there is none. */
export async function drill(records: Records, random: () => number): Promise<Drill | null> {
  const seq = pickSwap(records, random);
  if (seq === null) return null;
  const swap = records.read(seq);
  if (swap.kind !== 'swap') return null;
  const copy = new Records(records.log.slice(), records.base);
  const { log } = copy;
  const tampered = swap.amountOut + 1n;
  new DataView(log.buffer).setBigUint64(records.eventStart(seq) + AMOUNT_OUT_AT, tampered);
  const plain = check(copy);
  const rehashed = await rehash(copy, seq);
  const { side, amountOut } = swap;
  return { seq, side, amountOut, tampered, plain, rehashed: rehashed ? check(copy) : undefined };
}

function pickSwap(records: Records, random: () => number): number | null {
  const swaps: number[] = [];
  for (let seq = Math.max(records.first, records.last - LATEST + 1); seq <= records.last; seq += 1)
    if (records.isSwap(seq)) swaps.push(seq);
  return swaps[Math.floor(random() * swaps.length)] ?? null;
}

/** The first thing that is wrong with a history. */
export function check({ log, base }: Records): Fault | null {
  const replay = new Replay(base?.checkpoint);
  try {
    replay.push(log);
    replay.summary();
    return null;
  } catch (cause) {
    return faultOf(cause);
  } finally {
    replay.free();
  }
}

/** What a refused history is refused for; any other error, such as a history too long for the package, goes on. */
export function faultOf(cause: unknown): Fault {
  if (!(cause instanceof CoreError) || cause.seq === undefined) throw cause;
  return { seq: cause.seq, code: cause.code, message: cause.message };
}

/** Makes every hash from `first` on anew; false where the browser gives pages no SHA-256 (only over plain HTTP). */
async function rehash(records: Records, first: number): Promise<boolean> {
  const subtle = globalThis.crypto?.subtle as SubtleCrypto | undefined;
  if (subtle === undefined) return false;
  let previous = records.hash(first - 1);
  for (let seq = first; seq <= records.last; seq += 1) {
    const hash = new Uint8Array(
      await subtle.digest('SHA-256', joined([DOMAIN, previous, records.bytes(seq)])),
    );
    records.log.set(hash, records.end(seq) - HASH_BYTES);
    previous = hash;
  }
  return true;
}

/** Puts pieces of bytes together. */
export function joined(pieces: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(pieces.reduce((length, piece) => length + piece.length, 0));
  let offset = 0;
  for (const piece of pieces) {
    whole.set(piece, offset);
    offset += piece.length;
  }
  return whole;
}
