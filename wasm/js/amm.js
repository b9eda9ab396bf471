/** Pools and their quotes. A pool lives in the WebAssembly module, so that a quote sends one number and no state. */
import { integer, invalid, record, U16, U8, units } from './check.js';
import { CoreError } from './error.js';
import { core, memory } from './load.js';
import { fromAmounts, toAmounts } from './snapshot.js';

/**
 * What the module answers a quote or a swap in: 64-bit slots at one address that never moves.
 *
 * @type {BigUint64Array<ArrayBuffer>}
 */
let amounts = new BigUint64Array(0);
/** The same memory as 32-bit halves, for the slots that are small numbers. */
let numbers = new Uint32Array(0);

const AMOUNT_IN = 0;
const FEE = 1;
const EFFECTIVE_IN = 2;
const AMOUNT_OUT = 3;
const RESERVE_IN_AFTER = 4;
const RESERVE_OUT_AFTER = 5;
const PRICE_IMPACT_PPM = 6;
const STAGE = 7;
const STAGE_AFTER = 8;
const BURNS = 9;

/** How many digits a price has unless it is asked for others. */
const PRICE_DIGITS = 8;

export class Pool {
  /** @type {import('./postfun.js').RawPool | undefined} */
  #raw;

  /** @param {import('./index.js').PoolInput} input */
  constructor(input) {
    const { RawPool } = core();
    const given = record(input, 'input');
    const feeBpsBase = integer(given.feeBpsBase, 'feeBpsBase', U16);
    const stage = integer(given.stage, 'stage', U8);
    this.#raw = new RawPool(feeBpsBase, stage, toAmounts(given));
  }

  /**
   * @param {import('./index.js').Side} side
   * @param {bigint} amountIn
   * @returns {import('./index.js').Quote}
   */
  quoteExactIn(side, amountIn) {
    const raw = this.#alive();
    if (!raw.quoteExactIn(isAtoB(side), units(amountIn, 'amountIn'))) throw raw.takeRefusal();
    return readQuote(side, amountIn);
  }

  /**
   * @param {import('./index.js').Side} side
   * @param {bigint} amountOut
   * @returns {import('./index.js').Quote}
   */
  quoteExactOut(side, amountOut) {
    const raw = this.#alive();
    if (!raw.quoteExactOut(isAtoB(side), units(amountOut, 'amountOut'))) throw raw.takeRefusal();
    return readQuote(side, undefined);
  }

  /**
   * @param {import('./index.js').Side} side
   * @param {bigint} amountIn
   * @returns {import('./index.js').SwapResult}
   */
  swap(side, amountIn) {
    const raw = this.#alive();
    if (!raw.swapExactIn(isAtoB(side), units(amountIn, 'amountIn'))) throw raw.takeRefusal();
    const quote = readQuote(side, amountIn);
    const burns = [];
    for (let stage = 2; stage <= 4; stage += 1) {
      const amount = amounts[BURNS + stage - 2];
      if (amount !== 0n) burns.push({ stage, amount });
    }
    return { quote, stageAfter: numbers[2 * STAGE_AFTER], burns };
  }

  /** @returns {import('./index.js').PoolSnapshot} */
  state() {
    const raw = this.#alive();
    return fromAmounts(raw.feeBpsBase(), raw.stage(), raw.amounts());
  }

  free() {
    this.#raw?.free();
    this.#raw = undefined;
  }

  #alive() {
    if (this.#raw === undefined)
      throw new CoreError('pool_freed', 'the pool was freed and cannot be used any more');
    return this.#raw;
  }
}

/**
 * @param {bigint} amountOut
 * @param {number} slippageBps
 * @returns {bigint}
 */
export function minAmountOut(amountOut, slippageBps) {
  return core().minAmountOut(units(amountOut, 'amountOut'), integer(slippageBps, 'slippageBps', U16));
}

/**
 * @param {bigint} amountIn
 * @param {number} slippageBps
 * @returns {bigint}
 */
export function maxAmountIn(amountIn, slippageBps) {
  return core().maxAmountIn(units(amountIn, 'amountIn'), integer(slippageBps, 'slippageBps', U16));
}

/**
 * @param {number} feeBpsBase
 * @param {number} stage
 * @returns {string}
 */
export function feeBpsText(feeBpsBase, stage) {
  return core().feeBpsText(integer(feeBpsBase, 'feeBpsBase', U16), integer(stage, 'stage', U8));
}

/**
 * @param {bigint} amountOut
 * @param {number} decimalsOut
 * @param {bigint} amountIn
 * @param {number} decimalsIn
 * @param {number} [significantDigits]
 * @returns {string}
 */
export function priceText(amountOut, decimalsOut, amountIn, decimalsIn, significantDigits = PRICE_DIGITS) {
  return core().priceText(
    units(amountOut, 'amountOut'),
    integer(decimalsOut, 'decimalsOut', U8),
    units(amountIn, 'amountIn'),
    integer(decimalsIn, 'decimalsIn', U8),
    integer(significantDigits, 'significantDigits', U8),
  );
}

/** @param {unknown} side */
function isAtoB(side) {
  if (side === 'AtoB') return true;
  if (side === 'BtoA') return false;
  if (typeof side === 'string') throw new CoreError('invalid_side', 'the side must be AtoB or BtoA');
  throw invalid('side', "'AtoB' or 'BtoA'", side);
}

/**
 * @param {import('./index.js').Side} side
 * @param {bigint | undefined} amountIn the amount that went in, where it is known: reading makes another bigint of it
 * @returns {import('./index.js').Quote}
 */
function readQuote(side, amountIn) {
  // A view loses its memory, and so its length, when the module's memory grows.
  if (amounts.length === 0) {
    const address = core().resultAddress();
    amounts = new BigUint64Array(memory().buffer, address, core().resultLength());
    numbers = new Uint32Array(memory().buffer, address, 2 * core().resultLength());
  }
  return {
    side,
    stage: numbers[2 * STAGE],
    amountIn: amountIn ?? amounts[AMOUNT_IN],
    fee: amounts[FEE],
    effectiveIn: amounts[EFFECTIVE_IN],
    amountOut: amounts[AMOUNT_OUT],
    priceImpactPpm: numbers[2 * PRICE_IMPACT_PPM],
    reserveInAfter: amounts[RESERVE_IN_AFTER],
    reserveOutAfter: amounts[RESERVE_OUT_AFTER],
  };
}
