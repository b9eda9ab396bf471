/**
 * Where each event stands in a history, and what a swap's bytes say.
 *
 * A record is the event's length in two bytes, the event, and its hash of 32 bytes; numbers are big-endian. Only
 * histories that `replayLog` found sound are read here, so nothing is checked twice.
 */
import type { Side } from 'postfun';

const LENGTH_BYTES = 2;
export const HASH_BYTES = 32;

const SWAPPED = 2;
const COLLECTED = 3;

/** The fields of an event, counted from its first byte: type, version, number, time, then its own. */
const TIME_AT = 10;
const SIDE_AT = 18;
const AMOUNT_IN_AT = 19;
const FEE_AT = 27;
export const AMOUNT_OUT_AT = 35;
const COLLECTED_A_AT = 18;
const COLLECTED_B_AT = 26;

export interface SwapRecord {
  side: Side;
  amountIn: bigint;
  fee: bigint;
  amountOut: bigint;
}

export type EventRecord = { seq: number; timeMs: number } & (
  | { kind: 'created' }
  | ({ kind: 'swap' } & SwapRecord)
  | { kind: 'collection'; amountA: bigint; amountB: bigint }
);

/** A history with the place of each of its events. */
export class Records {
  readonly #view: DataView;
  /** Where the record of event `n` begins at `n - 1`, and where the last one ends. */
  readonly #offsets: Uint32Array;

  constructor(readonly log: Uint8Array) {
    this.#view = new DataView(log.buffer, log.byteOffset, log.byteLength);
    this.#offsets = offsetsOf(this.#view);
  }

  /** How many events there are. */
  get count(): number {
    return this.#offsets.length - 1;
  }

  /** The event's bytes, without length and hash. */
  bytes(seq: number): Uint8Array {
    return this.log.subarray(this.eventStart(seq), this.end(seq) - HASH_BYTES);
  }

  hash(seq: number): Uint8Array {
    return this.log.subarray(this.end(seq) - HASH_BYTES, this.end(seq));
  }

  eventStart(seq: number): number {
    return this.#offset(seq - 1) + LENGTH_BYTES;
  }

  /** How many bytes of the history lead to this event, its own included. */
  end(seq: number): number {
    return this.#offset(seq);
  }

  isSwap(seq: number): boolean {
    return this.log[this.eventStart(seq)] === SWAPPED;
  }

  read(seq: number): EventRecord {
    const start = this.eventStart(seq);
    const number = (at: number): bigint => this.#view.getBigUint64(start + at);
    const timeMs = Number(number(TIME_AT));
    const type = this.#view.getUint8(start);
    if (type === COLLECTED) {
      const [amountA, amountB] = [number(COLLECTED_A_AT), number(COLLECTED_B_AT)];
      return { seq, timeMs, kind: 'collection', amountA, amountB };
    }
    if (type !== SWAPPED) return { seq, timeMs, kind: 'created' };
    const side = this.#view.getUint8(start + SIDE_AT) === 0 ? 'AtoB' : 'BtoA';
    const [amountIn, fee, amountOut] = [number(AMOUNT_IN_AT), number(FEE_AT), number(AMOUNT_OUT_AT)];
    return { seq, timeMs, kind: 'swap', side, amountIn, fee, amountOut };
  }

  #offset(index: number): number {
    const offset = this.#offsets[index];
    if (offset === undefined) throw new RangeError(`the history has no event ${index}`);
    return offset;
  }
}

function offsetsOf(view: DataView): Uint32Array {
  const offsets = [0];
  let at = 0;
  while (at + LENGTH_BYTES <= view.byteLength) {
    at += LENGTH_BYTES + view.getUint16(at) + HASH_BYTES;
    offsets.push(at);
  }
  return Uint32Array.from(offsets);
}

export const hex = (bytes: Uint8Array): string =>
  Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
