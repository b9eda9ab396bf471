/** A pool's history, recomputed, and what the server signs about it. */
import { byteArray, integer, invalid, LOG_BYTES_MAX, record, text } from './check.js';
import { CoreError } from './error.js';
import { core } from './load.js';
import { fromAmounts } from './snapshot.js';

export class Replay {
  /** @type {import('./postfun.js').RawPlayback | undefined} */
  #raw;

  /** @param {Uint8Array} [checkpoint] */
  constructor(checkpoint) {
    const { RawPlayback } = core();
    this.#raw = new RawPlayback(checkpoint === undefined ? undefined : byteArray(checkpoint, 'checkpoint'));
  }

  /** @param {Uint8Array} log */
  push(log) {
    const raw = this.#alive();
    if (byteArray(log, 'log').length > LOG_BYTES_MAX) {
      throw new CoreError('invalid_argument', `log must have at most ${LOG_BYTES_MAX} bytes`);
    }
    raw.push(log);
  }

  /** @returns {import('./index.js').ReplaySummary} */
  summary() {
    const raw = this.#ended();
    const [poolId, seq, swaps, burned] = must(raw.numbers());
    return {
      poolId,
      tokenA: must(tokenOf(raw, 0)),
      tokenB: must(tokenOf(raw, 1)),
      burnToken: tokenOf(raw, 2),
      seq: Number(seq),
      head: must(raw.head()),
      swaps: Number(swaps),
      burned,
      pool: fromAmounts(must(raw.feeBpsBase()), must(raw.stage()), must(raw.amounts())),
    };
  }

  /** @returns {Uint8Array} */
  checkpoint() {
    return must(this.#ended().checkpoint());
  }

  free() {
    this.#raw?.free();
    this.#raw = undefined;
  }

  #ended() {
    const raw = this.#alive();
    raw.end();
    return raw;
  }

  #alive() {
    if (this.#raw === undefined)
      throw new CoreError('replay_freed', 'the replay was freed and cannot be used any more');
    return this.#raw;
  }
}

/**
 * @param {Uint8Array} log
 * @returns {import('./index.js').ReplaySummary}
 */
export function replayLog(log) {
  const replay = new Replay();
  try {
    replay.push(log);
    return replay.summary();
  } finally {
    replay.free();
  }
}

/**
 * @param {import('./index.js').SignedHead} head
 * @returns {boolean}
 */
export function verifyHead(head) {
  const module = core();
  const { poolId, seq, ...rest } = record(head, 'head');
  if (typeof poolId !== 'bigint' || BigInt.asUintN(63, poolId) !== poolId)
    throw invalid('poolId', 'a bigint from 0 to 2^63 - 1', poolId);
  return module.verifyHead(
    poolId,
    BigInt(integer(seq, 'seq', Number.MAX_SAFE_INTEGER)),
    text(rest.head, 'head'),
    text(rest.pubkey, 'pubkey'),
    text(rest.signature, 'signature'),
  );
}

/**
 * @param {Uint8Array} checkpoint
 * @param {string} pubkey
 * @param {string} signature
 * @returns {boolean}
 */
export function verifyCheckpoint(checkpoint, pubkey, signature) {
  return core().verifyCheckpoint(
    byteArray(checkpoint, 'checkpoint'),
    text(pubkey, 'pubkey'),
    text(signature, 'signature'),
  );
}

/**
 * @template T
 * @param {T | null | undefined} value there is one once a history has begun
 * @returns {T}
 */
function must(value) {
  return /** @type {T} */ (value);
}

/**
 * @param {import('./postfun.js').RawPlayback} raw
 * @param {number} which
 * @returns {import('./index.js').ReplayToken | null}
 */
function tokenOf(raw, which) {
  const id = raw.tokenId(which);
  if (id === undefined) return null;
  return { id, symbol: must(raw.tokenSymbol(which)), decimals: must(raw.tokenDecimals(which)) };
}
