/** A history that is verified while it arrives. */
import { Replay } from 'postfun';
import type { Fault } from './drill';
import { faultOf, joined } from './drill';
import type { Place, Verified } from './messages';
import type { Base } from './records';
import { hex, Records } from './records';

/** A checkpoint that the server signed, which the history has to come to. */
interface Witness {
  seq: number;
  checkpoint: Uint8Array;
}

export class Verification {
  readonly #replay: Replay;
  readonly #base: Base | null = null;
  readonly #witness: Witness | null;
  readonly #pieces: Uint8Array[] = [];
  #seq = 0;
  #millis = 0;

  /** Begins at the first event, or behind a checkpoint; refuses bytes that are none. */
  constructor(checkpoint: Uint8Array | null, witness: Uint8Array | null) {
    this.#replay = new Replay(checkpoint ?? undefined);
    if (checkpoint !== null) {
      const { seq, head } = this.#replay.summary();
      this.#base = { seq, head: bytesOf(head), checkpoint };
      this.#seq = seq;
    }
    this.#witness = witness === null ? null : { seq: placeOf(witness), checkpoint: witness };
  }

  /** Replays a piece that ends with an event; says what is wrong with it. */
  push(piece: Uint8Array): Fault | null {
    const began = performance.now();
    try {
      this.#pieces.push(piece);
      return this.#check(piece);
    } catch (cause) {
      return faultOf(cause);
    } finally {
      this.#millis += performance.now() - began;
    }
  }

  #check(piece: Uint8Array): Fault | null {
    const witness = this.#witness;
    const cut = witness === null ? 0 : lengthOf(piece, witness.seq - this.#seq);
    if (witness !== null && cut > 0) {
      this.#replay.push(piece.subarray(0, cut));
      if (!isSame(this.#replay.checkpoint(), witness.checkpoint)) {
        const message = `the server signed a state after event ${witness.seq} to which its events do not lead`;
        return { seq: witness.seq, code: 'false_checkpoint', message };
      }
    }
    this.#replay.push(piece.subarray(cut));
    this.#seq = this.#replay.summary().seq;
    return null;
  }

  end(place: Place | null): { verified: Verified; records: Records } {
    const summary = this.#replay.summary();
    const checkpoint = this.#replay.checkpoint();
    const records = new Records(joined(this.#pieces), this.#base);
    const millis = Math.round(this.#millis);
    return { verified: { summary, checkpoint, millis, passes: passesOf(records, place) }, records };
  }

  free(): void {
    this.#replay.free();
  }
}

function passesOf(records: Records, place: Place | null): boolean | null {
  if (place === null || place.seq < records.first - 1 || place.seq < 1) return null;
  return place.seq <= records.last && hex(records.hash(place.seq)) === place.head;
}

/** How many bytes the first `count` records of a piece have; 0 when it has fewer. */
function lengthOf(piece: Uint8Array, count: number): number {
  if (count < 1) return 0;
  const records = new Records(piece);
  return count > records.last ? 0 : records.end(count);
}

function placeOf(checkpoint: Uint8Array): number {
  const replay = new Replay(checkpoint);
  const { seq } = replay.summary();
  replay.free();
  return seq;
}

const isSame = (a: Uint8Array, b: Uint8Array): boolean =>
  a.length === b.length && a.every((byte, index) => byte === b[index]);

/** The bytes of a text in hexadecimal. */
export function bytesOf(text: string): Uint8Array {
  return Uint8Array.from(text.match(/../g) ?? [], (digits) => Number.parseInt(digits, 16));
}
