/** A pool at any past event: kept at intervals, and computed on from there. */
import type { Burn, PoolSnapshot } from 'postfun';
import { Pool, replayLog } from 'postfun';
import type { EventRecord, Records } from './records';

/** The pool right after an event. */
export interface Moment {
  event: EventRecord;
  pool: PoolSnapshot;
  /** What this event burned. */
  burns: Burn[];
  /** What was burned up to here, in base units of the burn token. */
  burned: bigint;
}

/** The distance of kept states: few enough to keep, near enough to compute on from without a pause. */
const KEPT_EVERY = 512;

interface Kept {
  pool: PoolSnapshot;
  burned: bigint;
}

export class Timeline {
  readonly #kept: Kept[] = [];

  /** Goes through a sound history once; `progress` hears how many events are done. */
  constructor(
    readonly records: Records,
    progress: (done: number) => void,
  ) {
    const first = replayLog(records.log.subarray(0, records.end(1)));
    const walker = new Walker(records, { pool: first.pool, burned: 0n }, first.burnToken !== null);
    for (let seq = 1; seq <= records.count; seq += 1) {
      walker.step(seq);
      if (seq % KEPT_EVERY !== 1) continue;
      this.#kept.push(walker.now());
      progress(seq);
    }
    walker.free();
    this.#burns = first.burnToken !== null;
  }

  readonly #burns: boolean;

  /** The pool after the event `seq`, 1 to the number of events. */
  at(seq: number): Moment {
    const index = Math.floor((seq - 1) / KEPT_EVERY);
    const kept = this.#kept[index];
    if (kept === undefined) throw new RangeError(`the history has no event ${seq}`);
    const from = index * KEPT_EVERY + 1;
    // The event that a state is kept after is done again, for what it burned itself.
    const before = this.#kept[index - 1];
    const walker =
      seq === from && before !== undefined
        ? this.#walk(before, from - KEPT_EVERY + 1, seq - 1)
        : this.#walk(kept, from + 1, seq - 1);
    const burns = seq === 1 ? [] : walker.step(seq);
    const moment = { event: this.records.read(seq), ...walker.now(), burns };
    walker.free();
    return moment;
  }

  #walk(kept: Kept, first: number, last: number): Walker {
    const walker = new Walker(this.records, kept, this.#burns);
    for (let seq = first; seq <= last; seq += 1) walker.step(seq);
    return walker;
  }
}

/** A pool that is carried from event to event. */
class Walker {
  #pool: Pool;
  #burned: bigint;

  constructor(
    readonly records: Records,
    { pool, burned }: Kept,
    readonly burnsAnything: boolean,
  ) {
    this.#pool = new Pool(pool);
    this.#burned = burned;
  }

  /** Applies an event and says what it burned. */
  step(seq: number): Burn[] {
    const event = this.records.read(seq);
    if (event.kind === 'created') return [];
    if (event.kind === 'collection') {
      const state = this.#pool.state();
      this.#pool.free();
      const feesA = state.feesA - event.amountA;
      const feesB = state.feesB - event.amountB;
      this.#pool = new Pool({ ...state, feesA, feesB });
      return [];
    }
    const { burns } = this.#pool.swap(event.side, event.amountIn);
    if (!this.burnsAnything) return [];
    for (const { amount } of burns) this.#burned += amount;
    return burns;
  }

  now(): Kept {
    return { pool: this.#pool.state(), burned: this.#burned };
  }

  free(): void {
    this.#pool.free();
  }
}
