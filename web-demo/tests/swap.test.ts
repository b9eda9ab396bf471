import { init, Pool, type Side } from 'postfun';
import { beforeAll, expect, test } from 'vitest';
import { ApiError, NoAnswerError } from '../src/api/errors';
import type { PoolView, Trade } from '../src/api/model';
import type { Attempt } from '../src/state/attempt';
import { afterFailure, newKey, readAttempt, writeAttempt } from '../src/state/attempt';
import type { Swapped } from '../src/state/check';
import { checkSwap } from '../src/state/check';
import { seedPool } from './pool';

beforeAll(() => init());

const BTC = 10n ** 8n;

function attempt(): Attempt {
  const body = { pool_id: 1, side: 'AtoB', amount_in: '1', min_amount_out: '64000', deadline: 1 } as const;
  return { key: newKey(), userId: 7, body, mode: 'exactIn', fixed: BTC, before: seedPool() };
}

const refusal = (status: number, code: string): ApiError => new ApiError(status, code, 'no', null, null);

/** Swaps as a server would, and returns its trade and its pool. */
function serve(engine: Pool, seq: number, side: Side, amountIn: bigint): { trade: Trade; after: PoolView } {
  const { quote, stageAfter } = engine.swap(side, amountIn);
  const trade: Trade = {
    id: `trade-${seq}`,
    seq,
    own: false,
    side,
    amountIn,
    amountOut: quote.amountOut,
    fee: quote.fee,
    stageBefore: quote.stage,
    stage: stageAfter,
    hash: '',
    at: '2026-11-21T00:00:00.000000Z',
  };
  return { trade, after: { ...seedPool(), ...engine.state(), seq } };
}

function swappedAfter(earlierSwaps: readonly [Side, bigint][]): Swapped {
  const before = seedPool();
  const engine = new Pool(before);
  const earlier = earlierSwaps.map(([side, units], index) => serve(engine, index + 2, side, units).trade);
  const last = serve(engine, earlierSwaps.length + 2, 'AtoB', BTC);
  return { before, side: 'AtoB', mode: 'exactIn', fixed: BTC, earlier, ...last };
}

test('only an answer decides what became of a swap', () => {
  expect(afterFailure(attempt(), new NoAnswerError('')).phase).toBe('unanswered');
  expect(afterFailure(attempt(), refusal(503, 'outcome_unknown')).phase).toBe('unanswered');
  expect(afterFailure(attempt(), refusal(500, 'internal_error')).phase).toBe('unanswered');
  expect(afterFailure(attempt(), refusal(409, 'idempotency_in_progress')).phase).toBe('unanswered');
  expect(afterFailure(attempt(), refusal(503, 'not_executed')).phase).toBe('refused');
  expect(afterFailure(attempt(), refusal(400, 'insufficient_balance')).phase).toBe('refused');
  expect(afterFailure(attempt(), refusal(401, 'invalid_or_expired_token')).phase).toBe('refused');
  expect(afterFailure(attempt(), refusal(429, 'rate_limited')).phase).toBe('refused');
});

test('an attempt survives a reload with its key, and nothing else passes for one', () => {
  const made = attempt();
  expect(readAttempt(writeAttempt(made))).toEqual(made);
  for (const text of ['', '{}', 'null', '[1]', '{"key":"a","userId":1}'])
    expect(readAttempt(text)).toBeNull();
});

test('keys are UUIDs of version 4 and differ', () => {
  expect(newKey()).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  expect(newKey()).not.toBe(newKey());
});

test('a swap that the server did as quoted matches', () => {
  expect(checkSwap(swappedAfter([]))).toMatchObject({ kind: 'matched', earlier: 0 });
});

test('swaps by others that came first are repeated', () => {
  const swapped = swappedAfter([
    ['BtoA', 10n ** 12n],
    ['AtoB', 3n * BTC],
  ]);
  expect(checkSwap(swapped)).toMatchObject({ kind: 'matched', earlier: 2 });
});

test('one unit less for the trader, or in a reserve, is seen', () => {
  const honest = swappedAfter([]);
  const { trade, after } = honest;
  const shorted = { ...honest, trade: { ...trade, amountOut: trade.amountOut - 1n } };
  expect(checkSwap(shorted).kind).toBe('different');
  const skimmed = { ...honest, after: { ...after, reserveB: after.reserveB - 1n } };
  expect(checkSwap(skimmed).kind).toBe('different');
});

test('an earlier swap that does not follow is seen', () => {
  const swapped = swappedAfter([['AtoB', BTC]]);
  const [first] = swapped.earlier ?? [];
  if (first === undefined) throw new Error('no earlier swap');
  const check = checkSwap({ ...swapped, earlier: [{ ...first, amountOut: first.amountOut + 1n }] });
  expect(check).toMatchObject({
    kind: 'different',
    why: 'Event 2, before yours, does not follow from the pool.',
  });
});

test('what cannot be repeated is said to be unchecked', () => {
  expect(checkSwap({ ...swappedAfter([]), earlier: null }).kind).toBe('unchecked');
  const swapped = swappedAfter([]);
  expect(checkSwap({ ...swapped, before: { ...swapped.before, seq: 9 } }).kind).toBe('unchecked');
});
