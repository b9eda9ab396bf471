/** A pool's history, recomputed. */
import { byteArray, LOG_BYTES_MAX } from './check.js';
import { CoreError } from './error.js';
import { core } from './load.js';
import { fromAmounts } from './snapshot.js';

/**
 * @param {Uint8Array} log
 * @returns {import('./index.js').ReplaySummary}
 */
export function replayLog(log) {
  const module = core();
  if (byteArray(log, 'log').length > LOG_BYTES_MAX) {
    throw new CoreError('invalid_argument', `log must have at most ${LOG_BYTES_MAX} bytes`);
  }
  const raw = module.replayLog(log);
  try {
    return {
      poolId: raw.poolId(),
      tokenA: /** @type {import('./index.js').ReplayToken} */ (tokenOf(raw, 0)),
      tokenB: /** @type {import('./index.js').ReplayToken} */ (tokenOf(raw, 1)),
      burnToken: tokenOf(raw, 2),
      seq: Number(raw.seq()),
      head: raw.head(),
      swaps: Number(raw.swaps()),
      burned: raw.burned(),
      pool: fromAmounts(raw.feeBpsBase(), raw.stage(), raw.amounts()),
    };
  } finally {
    raw.free();
  }
}

/**
 * @param {import('./postfun.js').RawReplay} replay
 * @param {number} number
 * @returns {import('./index.js').ReplayToken | null}
 */
function tokenOf(replay, number) {
  const raw = replay.token(number);
  if (raw === undefined) return null;
  const token = { id: raw.id(), symbol: raw.symbol(), decimals: raw.decimals() };
  raw.free();
  return token;
}
