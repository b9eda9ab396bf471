/** A long, sound history, written by code of its own, so that the page's check is not compared with itself. */
import { createHash } from 'node:crypto';
import { quoteExactIn } from './amm.mjs';

const DOMAIN = 'postfun/pool-event';

/**
 * Makes a history of `count` events that goes on from a pool's first one. Event `crossing` is so large that stage 2
 * begins with it.
 *
 * @param {Buffer} created the first record, as the server has it
 * @param {object} pool the pool object of the HTTP interface, as it was made
 */
export function makeHistory(created, pool, count, crossing) {
  const records = [created];
  const states = [null, pool];
  let head = created.subarray(-32);
  let timeMs = created.readBigUInt64BE(2 + 10);
  for (let seq = 2; seq <= count; seq += 1) {
    timeMs += 1_000n;
    const side = seq % 2 === 0 ? 'AtoB' : 'BtoA';
    const amountIn =
      seq === crossing ? 150_000_000_000n : BigInt(side === 'AtoB' ? 500 : 325_000_000) + BigInt(seq);
    const { swap, after } = carriedOut(states[seq - 1], seq === crossing ? 'AtoB' : side, amountIn);
    const bytes = swapBytes(seq, timeMs, swap, after.stage);
    head = createHash('sha256').update(DOMAIN).update(head).update(bytes).digest();
    const length = Buffer.alloc(2);
    length.writeUInt16BE(bytes.length);
    records.push(Buffer.concat([length, bytes, head]));
    states.push({ ...after, seq, head: head.toString('hex') });
  }
  return { records, states };
}

function carriedOut(pool, side, amountIn) {
  const { fee, effective, amountOut } = quoteExactIn(pool, side, amountIn);
  const isA = side === 'AtoB';
  const [given, got] = isA ? ['a', 'b'] : ['b', 'a'];
  const after = { ...pool };
  const add = (key, units) => {
    after[key] = (BigInt(after[key]) + units).toString();
  };
  add(`reserve_${given}_units`, effective);
  add(`reserve_${got}_units`, -amountOut);
  add(`cumulative_volume_${given}_units`, amountIn);
  add(`cumulative_volume_${got}_units`, amountOut);
  add(`fee_accum_${given}_units`, fee);
  const thresholds = [pool.stage1_threshold_units, pool.stage2_threshold_units, pool.stage3_threshold_units];
  after.stage =
    1 + thresholds.filter((units) => BigInt(after.cumulative_volume_a_units) >= BigInt(units)).length;
  return { swap: { isA, amountIn, fee, amountOut }, after };
}

function swapBytes(seq, timeMs, { isA, amountIn, fee, amountOut }, stage) {
  const bytes = Buffer.alloc(44);
  bytes[0] = 2;
  bytes[1] = 1;
  bytes.writeBigUInt64BE(BigInt(seq), 2);
  bytes.writeBigUInt64BE(timeMs, 10);
  bytes[18] = isA ? 0 : 1;
  bytes.writeBigUInt64BE(amountIn, 19);
  bytes.writeBigUInt64BE(fee, 27);
  bytes.writeBigUInt64BE(amountOut, 35);
  bytes[43] = stage;
  return bytes;
}
