import { replayLog } from 'postfun';
import { beforeAll, expect, test } from 'vitest';
import { check, drill } from '../src/history/drill';
import { Timeline } from '../src/history/timeline';
import { startCore } from '../src/state/core';
import type { Happening } from './history';
import { historyOf } from './history';
import { seedPool } from './pool';

beforeAll(() => startCore());

const BTC = 10n ** 8n;

/** Swaps both ways, a crossing of two stages, and collections of fees, past the first kept state. */
function eventful(count: number): Happening[] {
  return Array.from({ length: count }, (_, index): Happening => {
    if (index === 300) return { side: 'AtoB', amountIn: 2_100n * BTC };
    if (index % 100 === 50) return { collectA: 1_000n, collectB: 1_000n };
    return index % 2 === 0
      ? { side: 'AtoB', amountIn: BTC + BigInt(index) }
      : { side: 'BtoA', amountIn: 65_000_000_000n };
  });
}

test('the pool at each event is what a replay up to there gives', async () => {
  const records = await historyOf(seedPool(), eventful(1_200));
  const heard: number[] = [];
  const timeline = new Timeline(records, (done) => heard.push(done));
  expect(heard).toEqual([512, 1_024]);
  for (const seq of [1, 2, 51, 52, 53, 301, 302, 303, 512, 513, 514, 552, 1_024, 1_025, 1_026, 1_201]) {
    const { pool, burned } = replayLog(records.log.subarray(0, records.end(seq)));
    const moment = timeline.at(seq);
    expect(moment, `event ${seq}`).toMatchObject({ pool, burned, event: { seq } });
    expect(moment.burns.length, `event ${seq}`).toBe(seq === 302 ? 2 : 0);
  }
  expect(timeline.at(52).event).toMatchObject({
    kind: 'collection',
    amountA: 1_000n,
    timeMs: 1_700_000_052_000,
  });
  expect(() => timeline.at(5_000)).toThrow(RangeError);
});

test('a pool without a burn token burns nothing', async () => {
  const records = await historyOf({ ...seedPool(), burnToken: null }, eventful(310));
  const moment = new Timeline(records, () => undefined).at(302);
  expect([moment.burned, moment.burns, moment.pool.stage]).toEqual([0n, [], 3]);
});

test('any swap that is tampered with is named, and the history itself stays as it was', async () => {
  const records = await historyOf(seedPool(), eventful(60));
  for (const share of [0, 0.5, 0.83, 0.999]) {
    const outcome = await drill(records, () => share);
    expect(outcome?.tampered).toBe((outcome?.amountOut ?? 0n) + 1n);
    expect(outcome?.plain).toMatchObject({ seq: outcome?.seq, code: 'replay_hash_mismatch' });
    expect(outcome?.rehashed).toMatchObject({ seq: outcome?.seq, code: 'replay_mismatch' });
  }
  expect(check(records)).toBeNull();
});
