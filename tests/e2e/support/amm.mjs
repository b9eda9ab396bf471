/** The quote once more, in a few lines of its own, so that the page is compared with neither core nor server. */

const ceilDiv = (dividend, divisor) => (dividend + divisor - 1n) / divisor;

/** A swap by its input in a pool object of the HTTP interface. */
export function quoteExactIn(pool, side, amountIn) {
  const [reserveIn, reserveOut] = reserves(pool, side);
  const fee = ceilDiv(amountIn * BigInt(pool.fee_bps_base), 10_000n << BigInt(pool.stage - 1));
  const effective = amountIn - fee;
  return { fee, effective, amountOut: (effective * reserveOut) / (reserveIn + effective) };
}

/** The least input that gives `amountOut`, found by halving. */
export function leastInput(pool, side, amountOut) {
  let [tooLittle, enough] = [0n, 1n];
  while (quoteExactIn(pool, side, enough).amountOut < amountOut) enough *= 2n;
  while (enough - tooLittle > 1n) {
    const middle = (tooLittle + enough) / 2n;
    if (quoteExactIn(pool, side, middle).amountOut < amountOut) tooLittle = middle;
    else enough = middle;
  }
  return enough;
}

export const minimumOut = (amountOut, bps) => ceilDiv(amountOut * BigInt(10_000 - bps), 10_000n);
export const maximumIn = (amountIn, bps) => (amountIn * BigInt(10_000 + bps)) / 10_000n;

function reserves(pool, side) {
  const [a, b] = [BigInt(pool.reserve_a_units), BigInt(pool.reserve_b_units)];
  return side === 'AtoB' ? [a, b] : [b, a];
}

/** Base units as the page prints them: thin groups before the point, no trailing zeros behind it. */
export function shown(units, decimals) {
  const text = units.toString().padStart(decimals + 1, '0');
  const [whole, fraction] = [text.slice(0, -decimals), text.slice(-decimals).replace(/0+$/, '')];
  const grouped = whole.replace(/\B(?=(\d{3})+$)/g, '\u202f');
  return fraction === '' ? grouped : `${grouped}.${fraction}`;
}

export const btc = (units) => `${shown(units, 8)} gBTC`;
export const usd = (units) => `${shown(units, 6)} gUSD`;
