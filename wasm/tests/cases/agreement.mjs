// A million random operations on random pools, hashed: what tests/vectors/README.md describes and
// core/tests/agreement.rs does in Rust.
import { hexOf } from './assert.mjs';

/** Enough for the record of one pool: a hundred operations of at most 113 bytes, its texts and its end. */
const RECORD_LEN = 16_384;

const BURNS = [2, 3, 4];

class SplitMix64 {
  #state;

  constructor(seed) {
    this.#state = seed;
  }

  next() {
    this.#state = BigInt.asUintN(64, this.#state + 0x9e3779b97f4a7c15n);
    let z = this.#state;
    z = BigInt.asUintN(64, (z ^ (z >> 30n)) * 0xbf58476d1ce4e5b9n);
    z = BigInt.asUintN(64, (z ^ (z >> 27n)) * 0x94d049bb133111ebn);
    return z ^ (z >> 31n);
  }

  below(bound) {
    return Number(this.next() % BigInt(bound));
  }

  /** A number of random length: 1 to `bits` bits. */
  sized(bits) {
    const length = 1 + this.below(bits);
    return this.next() >> BigInt(64 - length);
  }
}

/** The bytes of one pool's answers, big-endian. */
class Record {
  #bytes = new Uint8Array(RECORD_LEN);
  #view = new DataView(this.#bytes.buffer);
  #length = 0;

  /** Starts again with the digest of the pool before. */
  begin(digest) {
    this.#bytes.set(digest);
    this.#length = digest.length;
  }

  byte(value) {
    this.#view.setUint8(this.#length, value);
    this.#length += 1;
  }

  amount(value) {
    this.#view.setBigUint64(this.#length, value);
    this.#length += 8;
  }

  text(text) {
    this.byte(text.length);
    for (let index = 0; index < text.length; index += 1) this.byte(text.charCodeAt(index));
  }

  bytes() {
    return this.#bytes.subarray(0, this.#length);
  }
}

function drawPool(postfun, random) {
  const reserveA = 1n + random.sized(62);
  const reserveB = 1n + random.sized(62);
  const feeBpsBase = random.below(10_000);
  let threshold = 0n;
  const thresholds = BURNS.map(() => {
    if (random.below(4) === 0) return null;
    threshold += 1n + random.sized(58);
    return threshold;
  });
  const burns = [...BURNS, 0].map(() => (random.below(4) === 0 ? null : random.sized(56)));
  return new postfun.Pool({ reserveA, reserveB, feeBpsBase, stage: 1, thresholds, burns });
}

function writeSwap(postfun, record, { quote, stageAfter, burns }, slippageBps) {
  record.byte(1);
  record.amount(quote.amountIn);
  record.amount(quote.fee);
  record.amount(quote.effectiveIn);
  record.amount(quote.amountOut);
  record.amount(quote.reserveInAfter);
  record.amount(quote.reserveOutAfter);
  record.amount(BigInt(quote.priceImpactPpm));
  record.byte(quote.stage);
  record.byte(stageAfter);
  for (const stage of BURNS) record.amount(burns.find((burn) => burn.stage === stage)?.amount ?? 0n);
  record.amount(postfun.minAmountOut(quote.amountOut, slippageBps));
}

/** One operation; returns the swap, or nothing when it was refused. */
function operate(postfun, random, pool, record) {
  const choice = random.next();
  const side = choice & 1n ? 'BtoA' : 'AtoB';
  const isExactOut = (choice >> 1n) % 4n === 0n;
  const slippageBps = Number((choice >> 8n) % 10_001n);
  const amount = random.sized(63);
  try {
    const amountIn = isExactOut ? pool.quoteExactOut(side, amount).amountIn : amount;
    const swap = pool.swap(side, amountIn);
    writeSwap(postfun, record, swap, slippageBps);
    return swap;
  } catch (error) {
    if (!(error instanceof postfun.CoreError)) throw error;
    record.byte(0);
    record.text(error.code);
    return undefined;
  }
}

function writeTexts(postfun, random, record, { quote }) {
  const [decimalsOut, decimalsIn, digits] = [random.below(12), random.below(12), 1 + random.below(28)];
  record.text(postfun.priceText(quote.amountOut, decimalsOut, quote.amountIn, decimalsIn, digits));
  const text = postfun.formatAmount(quote.amountOut, decimalsOut);
  record.text(text);
  record.amount(postfun.parseAmount(text, decimalsOut));
}

function writeState(record, state) {
  for (const field of ['reserveA', 'reserveB', 'volumeA', 'volumeB', 'feesA', 'feesB'])
    record.amount(state[field]);
  record.byte(state.stage);
}

/**
 * @returns how many operations were accepted and the digest over everything, in hexadecimal
 */
export async function agreement(postfun, { seed, operations_per_pool: operations }, pools) {
  const random = new SplitMix64(BigInt(seed));
  const record = new Record();
  let digest = new Uint8Array(32);
  let accepted = 0;
  for (let made = 0; made < pools; made += 1) {
    record.begin(digest);
    const pool = drawPool(postfun, random);
    record.text(postfun.feeBpsText(pool.state().feeBpsBase, 1 + random.below(4)));
    let first;
    for (let done = 0; done < operations; done += 1) {
      const swap = operate(postfun, random, pool, record);
      if (swap) accepted += 1;
      first ??= swap;
    }
    if (first) writeTexts(postfun, random, record, first);
    writeState(record, pool.state());
    pool.free();
    digest = new Uint8Array(await crypto.subtle.digest('SHA-256', record.bytes()));
  }
  return { accepted, digest: hexOf(digest) };
}
