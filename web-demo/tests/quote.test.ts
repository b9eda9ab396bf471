import { beforeAll, expect, test } from 'vitest';
import type { PoolView } from '../src/api/model';
import { startCore } from '../src/state/core';
import { readAmount, readSlippage } from '../src/state/entry';
import { bandOf, quoteDraft } from '../src/state/quote';
import { seedPool } from './pool';

beforeAll(() => startCore());

const pool: PoolView = seedPool();
const plain = (text: string): string => text.replace(/\s/gu, ' ');

function sentenceOf(draft: Parameters<typeof quoteDraft>[1]): string {
  const outcome = quoteDraft(pool, draft, 50);
  if (outcome.kind !== 'refused') throw new Error(`a quote instead of a refusal: ${outcome.kind}`);
  return plain(outcome.sentence);
}

test('typed numbers are read exactly, also while they are being typed', () => {
  for (const [typed, units] of [
    ['1.5', 150_000_000n],
    [' 1 000.00000001 ', 100_000_000_001n],
    ['1.', 100_000_000n],
    ['.5', 50_000_000n],
    ['1e-7', 10n],
  ] as const) {
    expect(readAmount(typed, pool.a)).toEqual({ kind: 'amount', units });
  }
  expect(readAmount('  ', pool.a)).toEqual({ kind: 'empty' });
});

test('typed text that is no amount is answered with a remedy', () => {
  const sentences = ['1,5', '-1', '0.123456789', 'ten', '1 2.3.4', '99999999999999'].map((typed) => {
    const entry = readAmount(typed, pool.a);
    return entry.kind === 'refused' ? entry.sentence : entry.kind;
  });
  expect(sentences).toEqual([
    'Write decimals with a point, such as 1.5, and leave out commas.',
    'An amount cannot be below zero. Leave out the minus sign.',
    'gBTC has 8 decimals. Remove 1 digit from the end.',
    'This is not a number. Write digits, and a point before the decimals, such as 0.25.',
    'This is not a number. Write digits, and a point before the decimals, such as 0.25.',
    'No balance of gBTC can be that large. Enter less.',
  ]);
});

test('one gBTC gives what the design says, and no less than the slippage allows', () => {
  const outcome = quoteDraft(pool, { side: 'AtoB', mode: 'exactIn', text: '1' }, 50);
  expect(outcome).toMatchObject({
    kind: 'quoted',
    quote: { fee: 300_000n, amountOut: 64_740_453_767n },
    limit: 64_416_751_499n,
  });
});

test('an exact output asks for the smallest input that gives it', () => {
  const outcome = quoteDraft(pool, { side: 'AtoB', mode: 'exactOut', text: '64740.453767' }, 0);
  if (outcome.kind !== 'quoted') throw new Error(outcome.kind);
  expect(outcome.quote.amountIn).toBeLessThanOrEqual(100_000_000n);
  expect(outcome.quote.amountOut).toBeGreaterThanOrEqual(64_740_453_767n);
  expect(outcome.limit).toBe(outcome.quote.amountIn);
});

test('amounts that the pool cannot take are refused with the next step', () => {
  expect(sentenceOf({ side: 'BtoA', mode: 'exactIn', text: '0.000001' })).toMatch(
    /^Too small: after the fee nothing would come out\. Enter at least 0\.\d+ gUSD\.$/,
  );
  expect(sentenceOf({ side: 'AtoB', mode: 'exactOut', text: '65000000' })).toBe(
    'The pool holds 65 000 000 gUSD and never pays out all of it. Enter less.',
  );
  expect(sentenceOf({ side: 'AtoB', mode: 'exactOut', text: '64999999.999999' })).toBe(
    'That is more than the pool can take. Enter less.',
  );
  expect(sentenceOf({ side: 'AtoB', mode: 'exactIn', text: '0.0' })).toBe('Enter an amount above zero.');
});

test('the least input that a refusal names is quoted, and one unit less is not', () => {
  const named =
    /at least (\S+)/.exec(sentenceOf({ side: 'BtoA', mode: 'exactIn', text: '0.000001' }))?.[1] ?? '';
  expect(quoteDraft(pool, { side: 'BtoA', mode: 'exactIn', text: named }, 50).kind).toBe('quoted');
  const entry = readAmount(named, pool.b);
  if (entry.kind !== 'amount') throw new Error(entry.kind);
  const less = `0.${String(entry.units - 1n).padStart(6, '0')}`;
  expect(quoteDraft(pool, { side: 'BtoA', mode: 'exactIn', text: less }, 50).kind).toBe('refused');
});

test('price impact has three bands', () => {
  expect([0, 9_999, 10_000, 49_999, 50_000].map(bandOf)).toEqual(['calm', 'calm', 'warn', 'warn', 'danger']);
});

test('a slippage is whole basis points up to one half', () => {
  expect(['0', '125', '5000', '5001', '1.5', '-1', '', 'x'].map(readSlippage)).toEqual([
    0,
    125,
    5000,
    null,
    null,
    null,
    null,
    null,
  ]);
});
