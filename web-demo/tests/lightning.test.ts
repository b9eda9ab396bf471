import { beforeAll, expect, test } from 'vitest';
import { ApiError, NoAnswerError } from '../src/api/errors';
import type { Attempt } from '../src/lightning/attempt';
import { afterFailure, failureSentence, readAttempt } from '../src/lightning/attempt';
import type { Preview, Reader } from '../src/lightning/invoice';
import { loadReader } from '../src/lightning/invoice';
import { memoProblem, planOf, readSats, sampleSats } from '../src/lightning/limits';
import { continued, merged, noListing, restarted } from '../src/lightning/listing';
import type { Deposit, Sats, Terms, Withdrawal } from '../src/lightning/model';
import { toDeposit, toTerms, toWithdrawal } from '../src/lightning/model';
import { depositPace, withdrawalPace } from '../src/lightning/pace';

const terms: Terms = {
  canDeposit: true,
  canWithdraw: true,
  network: 'regtest',
  isSimulated: true,
  depositSatsMax: 10_000_000n,
  withdrawSatsMax: 1_000_000n,
  withdrawSatsDailyMax: 5_000_000n,
  feeSatsMax: null,
};

let reader: Reader;
beforeAll(async () => {
  reader = await loadReader();
});

const plain = (text: string | null): string | null => text?.replace(/\s/gu, ' ') ?? null;
const has = (sats: bigint): Sats => ({ availableMsat: sats * 1000n, heldMsat: 0n });
const invoiceOver = (amountSats: bigint): Preview =>
  ({ kind: 'invoice', invoice: {}, amountSats, refusal: null, reader }) as Preview;

const deposit = (id: string, status: Deposit['status'] = 'pending'): Deposit => ({
  id,
  amountSats: 1n,
  memo: null,
  invoice: 'lnbcrt1',
  paymentHash: '00',
  status,
  expiresAtSeconds: 1000n,
  at: '2026-11-21T00:00:00.000000Z',
});

const withdrawal = (
  progress: Withdrawal['progress'],
  status: Withdrawal['status'] = 'pending',
): Withdrawal => ({
  id: 'a',
  amountSats: 1n,
  status,
  progress,
  detail: '',
  failure: null,
  feeMsat: null,
  feeCapSats: 20n,
  invoice: 'lnbcrt1',
  isInside: false,
  at: '2026-11-21T00:00:00.000000Z',
});

test('the fee cap is twenty sats or a hundredth rounded up, unless the server has its own', () => {
  const cap = (sats: bigint, feeSatsMax: bigint | null = null): bigint | undefined =>
    planOf(invoiceOver(sats), { ...terms, feeSatsMax }, null)?.feeCapMsat;
  expect([1n, 2000n, 2001n, 500_000n].map((sats) => cap(sats))).toEqual([
    20_000n,
    20_000n,
    20_010n,
    5_000_000n,
  ]);
  expect(cap(500_000n, 0n)).toBe(0n);
  expect(cap(1n, 7n)).toBe(7000n);
});

test('an amount is whole sats within the limit, and anything else has a sentence', () => {
  expect(readSats('', terms)).toEqual({ kind: 'empty' });
  expect(readSats(' 21 000 ', terms)).toEqual({ kind: 'amount', sats: 21_000n });
  expect(readSats('10000000', terms)).toEqual({ kind: 'amount', sats: 10_000_000n });
  for (const typed of ['0', '10000001', '1.5', '1,5', '-1', '1e3', 'ten', '٣', '0x10'])
    expect(readSats(typed, terms), typed).toMatchObject({
      kind: 'refused',
      sentence: expect.stringMatching(/^[A-Z].*\.$/) as string,
    });
});

test('a memo is counted in bytes', () => {
  expect(memoProblem('a'.repeat(639))).toBeNull();
  expect(memoProblem('a'.repeat(640))).toContain('1 byte ');
  expect(memoProblem('é'.repeat(321))).toContain('3 bytes ');
});

test('a plan sets amount and fee cap aside, and says what is in the way', () => {
  expect(planOf(invoiceOver(1000n), terms, has(1020n))).toEqual({
    amountSats: 1000n,
    feeCapMsat: 20_000n,
    totalMsat: 1_020_000n,
    obstacle: null,
  });
  const short = planOf(invoiceOver(1000n), terms, has(1019n))?.obstacle ?? null;
  expect(plain(short)).toMatch(/^You have 1 019 sats; amount and highest fee together are 1 020 sats\./);
  expect(planOf(invoiceOver(1000n), terms, has(0n))?.obstacle).toMatch(/^You have no sats;/);
  expect(plain(planOf(invoiceOver(1_000_001n), terms, null)?.obstacle ?? null)).toMatch(
    /^At most 1 000 000 sats/,
  );
  expect(planOf(invoiceOver(1000n), terms, null)?.obstacle).toBeNull();
  expect(planOf({ kind: 'empty' }, terms, has(1n))).toBeNull();
});

test('a sample is what the balance can pay', () => {
  expect(sampleSats(terms, has(50_000n))).toBe(1000n);
  expect(sampleSats(terms, has(500n))).toBe(250n);
  expect(sampleSats(terms, has(0n))).toBe(1000n);
  expect(sampleSats({ ...terms, withdrawSatsMax: 10n }, null)).toBe(10n);
});

test('only an answer decides what became of a withdrawal', () => {
  const attempt: Attempt<string> = { key: 'k', userId: 1, body: 'b' };
  const phase = (status: number, code: string): string =>
    afterFailure(attempt, new ApiError(status, code, 'no', null, null)).phase;
  expect(afterFailure(attempt, new NoAnswerError('')).phase).toBe('unanswered');
  expect(phase(500, 'internal_error')).toBe('unanswered');
  expect(phase(503, 'outcome_unknown')).toBe('unanswered');
  expect(phase(409, 'idempotency_in_progress')).toBe('unanswered');
  expect(phase(502, 'http_502')).toBe('unanswered');
  expect(phase(502, 'withdraw_failed')).toBe('refused');
  expect(phase(502, 'lnbits_unreachable')).toBe('refused');
  expect(phase(409, 'conflict')).toBe('refused');
  expect(phase(400, 'insufficient_funds')).toBe('refused');
  expect(phase(429, 'too_many_invoices')).toBe('refused');
});

test('an attempt survives a reload, and nothing else passes for one', () => {
  const isText = (body: unknown): body is string => typeof body === 'string';
  const attempt = { key: 'k', userId: 1, body: 'b' };
  expect(readAttempt(JSON.stringify(attempt), isText)).toEqual(attempt);
  for (const text of ['', 'null', '{}', '{"key":"k","userId":1,"body":2}'])
    expect(readAttempt(text, isText)).toBeNull();
});

test('every failure has a sentence', () => {
  for (const failure of ['payment_failed', 'declared_unpaid', 'invoice_expired', 'something_new', null])
    expect(failureSentence(failure)).toMatch(/^[A-Z].*\.$/);
});

test('rows are newest first, and none goes back to what it was', () => {
  const rows = merged(
    [deposit('b', 'paid'), deposit('a')],
    [deposit('c'), deposit('b'), deposit('a', 'expired')],
  );
  expect(rows.map(({ id, status }) => id + status)).toEqual(['cpending', 'bpaid', 'aexpired']);
  expect(merged([withdrawal('sent')], [withdrawal('reserved')])[0]?.progress).toBe('sent');
  expect(merged([withdrawal('sent')], [withdrawal('unknown')])[0]?.progress).toBe('unknown');
  expect(merged([withdrawal('unknown')], [withdrawal('sent')])[0]?.progress).toBe('sent');
  expect(merged([withdrawal('done', 'failed')], [withdrawal('unknown')])[0]?.status).toBe('failed');
});

test('a list goes on page by page, and begins again without a gap', () => {
  const first = restarted(noListing<Deposit>(), { items: [deposit('d'), deposit('c')], next: 'c' });
  const second = continued(first, { items: [deposit('b'), deposit('a')], next: null });
  expect(second.items?.map(({ id }) => id).join('')).toBe('dcba');
  const again = restarted(second, { items: [deposit('f'), deposit('e')], next: 'e' });
  expect(again.items?.map(({ id }) => id).join('')).toBe('fe');
  expect(again.next).toBe('e');
  expect(restarted(second, { items: [deposit('d')], next: null }).items).toHaveLength(4);
});

test('what is not decided is looked at again, the more often the less is told', () => {
  expect(depositPace(deposit('a'), false, 0)).toBeLessThan(depositPace(deposit('a'), true, 0));
  expect(depositPace(deposit('a'), true, 1000)).toBe(depositPace(deposit('a'), false, 1000));
  expect(depositPace(deposit('a', 'paid'), false, 0)).toBe(Infinity);
  expect(withdrawalPace(withdrawal('reserved'))).toBeLessThan(withdrawalPace(withdrawal('unknown')));
  expect(withdrawalPace(withdrawal('done', 'confirmed'))).toBe(Infinity);
});

test('an answer that this page cannot read is no answer', () => {
  const wire = {
    id: 'a',
    user_id: 1,
    amount_sats: 21,
    payment_request: 'lnbcrt1',
    payment_hash: '00',
    status: 'pending',
    credited: false,
    expires_at: '2026-11-21T00:00:01.500000Z',
    created_at: '2026-11-21T00:00:00.000000Z',
  };
  expect(toDeposit(wire)).toMatchObject({ amountSats: 21n, memo: null, expiresAtSeconds: 1_795_219_201n });
  expect(() => toDeposit({ ...wire, status: 'burnt' })).toThrow(NoAnswerError);
  expect(() => toDeposit({ ...wire, amount_sats: 1.5 })).toThrow(NoAnswerError);
  expect(() => toDeposit({ ...wire, expires_at: 'soon' })).toThrow(NoAnswerError);
  const sent = { ...wire, progress: 'sent', detail: '', fee_cap_sats: 20, settled_inside: false };
  expect(toWithdrawal(sent)).toMatchObject({ progress: 'sent', feeMsat: null, feeCapSats: 20n });
  expect(() => toWithdrawal({ ...sent, progress: 'lost' })).toThrow(NoAnswerError);
  const offered = {
    can_deposit: true,
    can_withdraw: true,
    network: 'regtest',
    is_simulated: true,
    deposit_sats_max: 10_000_000,
    withdraw_sats_max: 1_000_000,
    withdraw_sats_daily_max: 5_000_000,
    fee_sats_max: null,
  };
  expect(toTerms(offered)).toEqual(terms);
  expect(() => toTerms({ ...offered, network: 'liquid' })).toThrow(NoAnswerError);
});
