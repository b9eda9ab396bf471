// A pool's history is recomputed, and each way of lying in it is named with its place.
import { equal, hexOf } from './assert.mjs';
import { collected, encoded, life, logOf, swapped, TOKENS, webSha256 } from './history.mjs';

/** The code and place that a log is refused with. */
function refusalOf(postfun, log) {
  try {
    postfun.replayLog(log);
    return undefined;
  } catch (error) {
    if (!(error instanceof postfun.CoreError)) throw error;
    return [error.code, error.seq];
  }
}

/** Lies of an operator who also makes the hashes fit: what is done to the events, and the refusal. */
const LIES = {
  'a fee that is one too small': [(events) => (events[3].fee -= 1n), 'replay_mismatch', 4],
  'an output that is one too small': [(events) => (events[9].amountOut -= 1n), 'replay_mismatch', 10],
  'an input that is one larger': [(events) => (events[9].amountIn += 1n), 'replay_mismatch', 10],
  'the other side': [(events) => (events[10].side = 'BtoA'), 'replay_mismatch', 11],
  'another stage': [(events) => (events[1].stageAfter = 2), 'replay_mismatch', 2],
  'a swap of nothing': [(events) => (events[5].amountIn = 0n), 'replay_impossible_swap', 6],
  'more fees collected than there are': [
    (events) => (events.at(-1).amountA += 1n),
    'replay_impossible_swap',
    62,
  ],
  'a missing event': [(events) => events.splice(20, 1), 'replay_sequence_gap', 21],
  'an event twice': [(events) => events.splice(20, 0, events[20]), 'replay_sequence_gap', 22],
  'a second creation': [
    (events) => (events[30] = { ...events[0], seq: 31, timeMs: events[30].timeMs }),
    'replay_misplaced',
    31,
  ],
  'no creation': [(events) => (events[0] = { ...events[1], seq: 1 }), 'replay_misplaced', 1],
  'a time before the last': [(events) => (events[40].timeMs = 1), 'replay_time_backwards', 41],
  'a pool without reserve': [(events) => (events[0].pool.reserveB = 0n), 'replay_invalid_pool', 1],
  'a fee of everything': [(events) => (events[0].pool.feeBpsBase = 10_000), 'replay_invalid_pool', 1],
  'thresholds that fall': [(events) => events[0].pool.thresholds.reverse(), 'replay_invalid_pool', 1],
  'an amount above 2^63 - 1': [(events) => (events[7].amountIn = 2n ** 63n), 'replay_unreadable', 8],
  'a fifth stage': [(events) => (events[7].stageAfter = 5), 'replay_unreadable', 8],
};

export function replayTests(postfun) {
  const lived = () => life(postfun);
  return [
    ['a history gives the pool that lived it', () => whole(postfun, lived())],
    ['a pool without a burn token burns nothing', () => withoutBurns(postfun, lived())],
    ...Object.entries(LIES).map(([name, [lie, code, seq]]) => [
      `${name} is found at its place`,
      async () => {
        const { events } = lived();
        lie(events);
        const { log } = await logOf(encoded(events), webSha256);
        equal(refusalOf(postfun, log), [code, seq], name);
      },
    ]),
    ['a byte changed anywhere is found', () => everyByte(postfun, lived())],
    ['a log cut anywhere ends within a record, or is a shorter history', () => everyCut(postfun, lived())],
    ['types and versions that are not known are refused', () => unknown(postfun, lived())],
  ];
}

async function whole(postfun, { events, burned, end }) {
  const { log, head } = await logOf(encoded(events), webSha256);
  const summary = postfun.replayLog(log);
  equal(
    summary,
    {
      poolId: 1n,
      tokenA: TOKENS.a,
      tokenB: TOKENS.b,
      burnToken: TOKENS.burn,
      seq: events.length,
      head: hexOf(head),
      swaps: events.length - 2,
      burned,
      pool: end,
    },
    'summary',
  );
  equal(summary.pool.stage, 4, 'the life passes all stages');
  equal(burned, 220_000_000n, 'and burns at each');
  equal(new postfun.Pool(summary.pool).state(), end, 'the pool goes on');
}

async function withoutBurns(postfun, { events }) {
  events[0].burnToken = null;
  const { log } = await logOf(encoded(events), webSha256);
  const { burned, burnToken } = postfun.replayLog(log);
  equal([burned, burnToken], [0n, null], 'burned');
}

async function everyByte(postfun, { events }) {
  const { log } = await logOf(encoded(events.slice(0, 4)), webSha256);
  equal(refusalOf(postfun, log), undefined, 'unchanged');
  for (let index = 0; index < log.length; index += 1) {
    const changed = log.slice();
    changed[index] ^= 1;
    if (refusalOf(postfun, changed) === undefined) throw new Error(`byte ${index} can be changed`);
  }
}

async function everyCut(postfun, { events }) {
  const { log } = await logOf(encoded(events.slice(0, 3)), webSha256);
  let shorter = 0;
  for (let length = 0; length < log.length; length += 1) {
    const refusal = refusalOf(postfun, log.subarray(0, length));
    if (refusal === undefined) shorter += 1;
    else if (length === 0) equal(refusal, ['replay_empty', 0], 'no bytes');
    else equal(refusal[0], 'replay_truncated', `${length} bytes`);
  }
  equal(shorter, 2, 'histories of one and of two events');
}

async function unknown(postfun, { events }) {
  for (const [index, value] of [
    [0, 0],
    [0, 4],
    [1, 0],
    [1, 2],
  ]) {
    const bytes = encoded(events.slice(0, 2));
    bytes[1] = bytes[1].slice();
    bytes[1][index] = value;
    const { log } = await logOf(bytes, webSha256);
    equal(refusalOf(postfun, log), ['replay_unreadable', 2], `byte ${index} = ${value}`);
  }
  for (const event of [swapped(events[1]), collected({ ...events.at(-1), seq: 2 })]) {
    const longer = new Uint8Array([...event, 0]);
    const { log } = await logOf([...encoded(events.slice(0, 1)), longer], webSha256);
    equal(refusalOf(postfun, log), ['replay_unreadable', 2], 'a byte behind the last field');
  }
}
