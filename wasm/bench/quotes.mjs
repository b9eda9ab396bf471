// Quotes, against @uniswap/v2-sdk and against the same formula in plain BigInt.
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';

import * as postfun from '../pkg/index.js';
import { race } from './clock.mjs';

// Node cannot load their ES modules, whose imports leave out the endings of the files.
const require = createRequire(import.meta.url);
const { CurrencyAmount, Token } = require('@uniswap/sdk-core');
const { Pair } = require('@uniswap/v2-sdk');

const RESERVE_A = 100_000_000_000n;
const RESERVE_B = 65_000_000_000_000n;
const FEE_BPS = 30n;
const AMOUNTS = Array.from({ length: 1024 }, (_, index) => 100_000_000n + 997n * BigInt(index));

const ceilDiv = (dividend, divisor) => (dividend + divisor - 1n) / divisor;

/** Everything that a quote says, with no check of anything. */
class PlainPool {
  reserveA = RESERVE_A;
  reserveB = RESERVE_B;
  stage = 1;

  quoteExactIn(side, amountIn) {
    const [reserveIn, reserveOut] =
      side === 'AtoB' ? [this.reserveA, this.reserveB] : [this.reserveB, this.reserveA];
    const fee = ceilDiv(amountIn * FEE_BPS, 10_000n << BigInt(this.stage - 1));
    const effectiveIn = amountIn - fee;
    const reserveInAfter = reserveIn + effectiveIn;
    const amountOut = (effectiveIn * reserveOut) / reserveInAfter;
    return {
      side,
      stage: this.stage,
      amountIn,
      fee,
      effectiveIn,
      amountOut,
      priceImpactPpm: Number(ceilDiv(effectiveIn * 1_000_000n, reserveInAfter)),
      reserveInAfter,
      reserveOutAfter: reserveOut - amountOut,
    };
  }
}

function uniswap() {
  const token = (digit) => new Token(1, `0x${digit.repeat(40)}`, 8);
  const [a, b] = [token('1'), token('2')];
  const amount = (of, units) => CurrencyAmount.fromRawAmount(of, units.toString());
  return {
    pair: new Pair(amount(a, RESERVE_A), amount(b, RESERVE_B)),
    inputs: AMOUNTS.map((units) => amount(a, units)),
  };
}

export function quotes() {
  const pool = new postfun.Pool({
    reserveA: RESERVE_A,
    reserveB: RESERVE_B,
    feeBpsBase: Number(FEE_BPS),
    stage: 1,
  });
  const plain = new PlainPool();
  const { pair, inputs } = uniswap();
  const at = (index) => index % AMOUNTS.length;
  for (const [index, amount] of AMOUNTS.entries()) {
    assert.deepEqual(pool.quoteExactIn('AtoB', amount), plain.quoteExactIn('AtoB', amount));
    if (index % 100 === 0) {
      // Its fee is a fraction of the formula, not a rounded amount of its own: at most one part in 10^8 apart.
      const theirs = BigInt(pair.getOutputAmount(inputs[index])[0].quotient.toString());
      const ours = pool.quoteExactIn('AtoB', amount).amountOut;
      assert.ok(theirs - ours <= ours / 100_000_000n && ours - theirs <= ours / 100_000_000n);
    }
  }
  const times = race({
    postfun: { run: (index) => pool.quoteExactIn('AtoB', AMOUNTS[at(index)]), count: 200_000 },
    BigInt: { run: (index) => plain.quoteExactIn('AtoB', AMOUNTS[at(index)]), count: 200_000 },
    '@uniswap/v2-sdk': { run: (index) => pair.getOutputAmount(inputs[at(index)]), count: 500 },
  });
  return [
    { name: 'quote, against plain BigInt without checks', peer: 'BigInt', target: 0.6 },
    { name: 'quote, against @uniswap/v2-sdk', peer: '@uniswap/v2-sdk', target: 500 },
  ].map((row) => ({
    ...row,
    unit: 'times',
    value: times[row.peer] / times.postfun,
    us: times.postfun,
    us_peer: times[row.peer],
  }));
}
