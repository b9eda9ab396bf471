/** A pool at any past event: kept at intervals, and replayed on from there. */
import type { Burn, PoolSnapshot } from 'postfun';
import { Pool, Replay } from 'postfun';
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

/** The distance of kept states: few enough to keep, near enough to replay on from without a pause. */
const KEPT_EVERY = 512;

export class Timeline {
  /** The checkpoint that the history goes on from, if any, then one behind every so many events. */
  readonly #kept: (Uint8Array | undefined)[] = [];

  /** Goes through a sound history once; `progress` hears the number of the event that it came to. */
  constructor(
    readonly records: Records,
    progress: (seq: number) => void,
  ) {
    const { first, last, base } = records;
    const replay = new Replay(base?.checkpoint);
    this.#kept.push(base?.checkpoint);
    for (let seq = first - 1 + KEPT_EVERY; seq <= last; seq += KEPT_EVERY) {
      replay.push(records.between(seq - KEPT_EVERY, seq));
      this.#kept.push(replay.checkpoint());
      progress(seq);
    }
    replay.free();
  }

  /** The pool after the event `seq`, which has to be one of the history's. */
  at(seq: number): Moment {
    const { records } = this;
    const event = records.read(seq);
    const index = Math.floor((seq - records.first) / KEPT_EVERY);
    const from = records.first - 1 + index * KEPT_EVERY;
    const replay = new Replay(this.#kept[index]);
    try {
      replay.push(records.between(from, seq - 1));
      const before = seq === 1 ? null : replay.summary().pool;
      replay.push(records.between(seq - 1, seq));
      const { pool, burned, burnToken } = replay.summary();
      const burns = before === null || burnToken === null ? [] : burnsOf(before, event);
      return { event, pool, burns, burned };
    } finally {
      replay.free();
    }
  }
}

/** What an event burned in the pool as it was before. */
function burnsOf(before: PoolSnapshot, event: EventRecord): Burn[] {
  if (event.kind !== 'swap') return [];
  const pool = new Pool(before);
  try {
    return pool.swap(event.side, event.amountIn).burns;
  } finally {
    pool.free();
  }
}
