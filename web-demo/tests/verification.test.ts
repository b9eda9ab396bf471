import { Replay, replayLog } from 'postfun';
import { beforeAll, expect, test } from 'vitest';
import { check, drill } from '../src/history/drill';
import { hex, Records } from '../src/history/records';
import { Timeline } from '../src/history/timeline';
import { Verification } from '../src/history/verification';
import { startCore } from '../src/state/core';
import { historyOf } from './history';
import { seedPool } from './pool';

beforeAll(() => startCore());

const swaps = (count: number) =>
  Array.from({ length: count }, (_, index) => ({
    side: 'AtoB' as const,
    amountIn: 1_000_000n + BigInt(index),
  }));

function checkpointAt(records: Records, seq: number): Uint8Array {
  const replay = new Replay();
  replay.push(records.between(0, seq));
  return replay.checkpoint();
}

/** The end of a history behind an event, verified alone. */
function suffix(records: Records, seq: number): ReturnType<Verification['end']> {
  const verification = new Verification(checkpointAt(records, seq), null);
  expect(verification.push(records.between(seq, records.last))).toBeNull();
  return verification.end({ seq, head: hex(records.hash(seq)) });
}

test('pieces give what the whole history gives, and lead through every place', async () => {
  const records = await historyOf(seedPool(), swaps(30));
  for (const seq of [1, 17, 31]) {
    const verification = new Verification(null, checkpointAt(records, 20));
    for (const [after, last] of [
      [0, 10],
      [10, 25],
      [25, 31],
    ] as const)
      expect(verification.push(records.between(after, last))).toBeNull();
    const { verified } = verification.end({ seq, head: hex(records.hash(seq)) });
    expect(verified.summary).toEqual(replayLog(records.log));
    expect(verified.passes).toBe(true);
  }
});

test('what lies behind a checkpoint gives the same end, slider and drill', async () => {
  const records = await historyOf(seedPool(), swaps(1_100));
  const { verified, records: end } = suffix(records, 20);
  expect(verified.summary).toEqual(replayLog(records.log));
  expect(verified.passes).toBe(true);
  expect([end.first, end.last]).toEqual([21, 1_101]);
  const [whole, part] = [records, end].map((one) => new Timeline(one, () => undefined));
  for (const seq of [21, 22, 532, 533, 1_101]) expect(part?.at(seq)).toEqual(whole?.at(seq));
  expect(check(end)).toBeNull();
  const outcome = await drill(end, () => 0);
  expect(outcome?.rehashed).toMatchObject({ seq: outcome?.seq, code: 'replay_mismatch' });
});

test('nothing new behind a checkpoint is sound too', async () => {
  const records = await historyOf(seedPool(), swaps(5));
  const { verified, records: end } = suffix(records, 6);
  expect([verified.summary.seq, end.first, end.last, verified.passes]).toEqual([6, 7, 6, true]);
});

test('another history than the one seen before does not lead through its place', async () => {
  const [one, other] = [
    await historyOf(seedPool(), swaps(5)),
    await historyOf(seedPool(), swaps(9).slice(4)),
  ];
  const verification = new Verification(null, null);
  expect(verification.push(other.log)).toBeNull();
  expect(verification.end({ seq: 4, head: hex(one.hash(4)) }).verified.passes).toBe(false);
  const behind = new Verification(checkpointAt(one, 4), null);
  expect(behind.push(other.between(4, 6))).toMatchObject({ seq: 5, code: 'replay_hash_mismatch' });
});

test('a false checkpoint is named with its place', async () => {
  const records = await historyOf(seedPool(), swaps(9));
  const lie = checkpointAt(records, 4);
  lie[lie.length - 20] = (lie[lie.length - 20] ?? 0) ^ 1;
  const verification = new Verification(null, lie);
  expect(verification.push(records.log)).toMatchObject({ seq: 4, code: 'false_checkpoint' });
});
