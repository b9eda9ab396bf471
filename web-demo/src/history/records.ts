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

/** What a history goes on from: a checkpoint, behind which event it is, and the hash of that event. */
export interface Base {
  seq: number;
  head: Uint8Array;
  checkpoint: Uint8Array;
}

/** A history, or its end behind a checkpoint, with the place of each of its events. */
export class Records {
  readonly #view: DataView;
  /** Where the record of the event `first + n` begins at `n`, and where the last one ends. */
  readonly #offsets: Uint32Array;

  constructor(
    readonly log: Uint8Array,
    readonly base: Base | null = null,
  ) {
    this.#view = new DataView(log.buffer, log.byteOffset, log.byteLength);
    this.#offsets = offsetsOf(this.#view);
  }

  /** The number of the first event that is here. */
  get first(): number {
    return (this.base?.seq ?? 0) + 1;
  }

  /** The number of the last event; before the first when none is here. */
  get last(): number {
    return this.first + this.#offsets.length - 2;
  }

  /** The event's bytes, without length and hash. */
  bytes(seq: number): Uint8Array {
    return this.log.subarray(this.eventStart(seq), this.end(seq) - HASH_BYTES);
  }

  /** The hash of an event, or of the one that this history goes on from. */
  hash(seq: number): Uint8Array {
    if (seq === this.first - 1) return this.base?.head ?? new Uint8Array(HASH_BYTES);
    return this.log.subarray(this.end(seq) - HASH_BYTES, this.end(seq));
  }

  eventStart(seq: number): number {
    return this.#offset(seq - 1) + LENGTH_BYTES;
  }

  /** How many bytes of what is here lead to this event, its own included. */
  end(seq: number): number {
    return this.#offset(seq);
  }

  /** The records behind one event and up to another. */
  between(after: number, last: number): Uint8Array {
    return this.log.subarray(this.end(after), this.end(last));
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

  #offset(seq: number): number {
    const offset = this.#offsets[seq - this.first + 1];
    if (offset === undefined) throw new RangeError(`no event ${seq} is here`);
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
