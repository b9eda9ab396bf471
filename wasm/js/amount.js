/** Base units and their decimal text. */
import { integer, text, U8, units } from './check.js';
import { core } from './load.js';

/**
 * @param {string} amount
 * @param {number} decimals
 * @returns {bigint}
 */
export function parseAmount(amount, decimals) {
  return core().parseAmount(text(amount, 'text'), integer(decimals, 'decimals', U8));
}

/**
 * @param {bigint} amount
 * @param {number} decimals
 * @returns {string}
 */
export function formatAmount(amount, decimals) {
  return core().formatAmount(units(amount, 'units'), integer(decimals, 'decimals', U8));
}
