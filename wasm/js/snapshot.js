/** A pool's amounts as the one list that crosses the boundary, in both directions. */
import { optionalUnits, units } from './check.js';

/** Stands for a missing amount; no amount can be it, as 63 bits are the most. */
const NONE = 2n ** 64n - 1n;

/**
 * @param {Record<string, unknown>} input
 * @returns {BigUint64Array}
 */
export function toAmounts(input) {
  return BigUint64Array.from([
    units(input.reserveA, 'reserveA'),
    units(input.reserveB, 'reserveB'),
    counter(input.volumeA, 'volumeA'),
    counter(input.volumeB, 'volumeB'),
    counter(input.feesA, 'feesA'),
    counter(input.feesB, 'feesB'),
    ...sparse(input.thresholds, 'thresholds', 3),
    ...sparse(input.burns, 'burns', 4),
  ]);
}

/**
 * @param {unknown} value
 * @param {string} name
 */
function counter(value, name) {
  return value === undefined ? 0n : units(value, name);
}

/**
 * @param {unknown} value
 * @param {string} name
 * @param {number} length
 */
function sparse(value, name, length) {
  return optionalUnits(value, name, length).map((amount) => amount ?? NONE);
}

/**
 * @param {number} feeBpsBase
 * @param {number} stage
 * @param {BigUint64Array} amounts
 * @returns {import('./index.js').PoolSnapshot}
 */
export function fromAmounts(feeBpsBase, stage, amounts) {
  const [reserveA, reserveB, volumeA, volumeB, feesA, feesB, ...rest] = amounts;
  const [first, second, third, ...burns] = rest.map((amount) => (amount === NONE ? null : amount));
  return {
    reserveA,
    reserveB,
    feeBpsBase,
    stage,
    volumeA,
    volumeB,
    feesA,
    feesB,
    thresholds: [first, second, third],
    burns: /** @type {import('./index.js').BurnAmounts} */ (burns),
  };
}
