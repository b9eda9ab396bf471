// Replaying a pool's history, in swaps a second.
import { createHash } from 'node:crypto';

import * as postfun from '../pkg/index.js';
import { created, logOf, swapped } from '../tests/cases/history.mjs';
import { race } from './clock.mjs';

const SWAPS = 200_000;

async function history() {
  const none = { thresholds: [null, null, null], burns: [null, null, null, null] };
  const pool = {
    reserveA: 100_000_000_000n,
    reserveB: 65_000_000_000_000n,
    feeBpsBase: 30,
    stage: 1,
    ...none,
  };
  const live = new postfun.Pool(pool);
  const events = [created({ seq: 1, timeMs: 1, pool })];
  for (let index = 0; index < SWAPS; index += 1) {
    const side = index % 2 === 0 ? 'AtoB' : 'BtoA';
    const { quote, stageAfter } = live.swap(side, side === 'AtoB' ? 100_000_000n : 65_000_000_000n);
    events.push(swapped({ seq: index + 2, timeMs: index + 2, ...quote, stageAfter }));
  }
  const { log } = await logOf(events, (bytes) => createHash('sha256').update(bytes).digest());
  return log;
}

export async function replays() {
  const log = await history();
  const { replay } = race({ replay: { run: () => postfun.replayLog(log), count: 1 } });
  return [
    {
      name: 'replayed swaps a second',
      unit: 'per second',
      value: (SWAPS / replay) * 1e6,
      target: 300_000,
      us: replay,
    },
  ];
}
