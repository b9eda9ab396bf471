import { beforeAll, expect, test } from 'vitest';
import file from '../../tests/vectors/bolt11.json';
import type { Reader } from '../src/lightning/invoice';
import { loadReader, previewOf } from '../src/lightning/invoice';
import { qrPath } from '../src/lightning/qr';
import { foreignText, remainingText, satsText } from '../src/lightning/text';

interface Vector {
  name: string;
  invoice: string;
}

interface Refused extends Vector {
  code: string;
}

const vectors: Record<'valid' | 'own_valid', Vector[]> & Record<'invalid' | 'own_invalid', Refused[]> = file;

let reader: Reader;
beforeAll(async () => {
  reader = await loadReader();
});

const plain = (text: string): string => text.replace(/\s/gu, ' ');
const named = (list: Vector[], name: string): string => {
  const found = list.find((vector) => vector.name === name);
  if (found === undefined) throw new Error(`no vector ${name}`);
  return found.invoice;
};
const cup = named(vectors.valid, 'a cup of coffee, within one minute');
const MADE = 1_496_314_658;

test('the module is loaded once', async () => {
  expect(await loadReader()).toBe(reader);
});

test('nothing typed is no refusal', () => {
  expect(previewOf(reader, ' \n', 'mainnet', MADE)).toEqual({ kind: 'empty' });
});

test('an invoice is shown with blanks around it, and says what it asks for', () => {
  const preview = previewOf(reader, ` ${cup}\n`, 'mainnet', MADE);
  expect(preview).toMatchObject({ kind: 'invoice', amountSats: 250_000n, refusal: null });
  expect(preview.kind === 'invoice' && preview.invoice.description).toBe('1 cup coffee');
});

test('an invoice that cannot be paid here is shown with its reason', () => {
  for (const [invoice, network, now, code] of [
    [cup, 'regtest', MADE, 'network_mismatch'],
    [cup, 'mainnet', MADE + 60, 'invoice_expired'],
    [named(vectors.valid, 'donation of any amount'), 'mainnet', MADE, 'amountless_invoice'],
    [named(vectors.own_valid, 'one millisatoshi'), 'mainnet', MADE, 'amount_mismatch'],
  ] as const) {
    const preview = previewOf(reader, invoice, network, now);
    expect(preview).toMatchObject({ kind: 'invoice', refusal: { code } });
  }
});

test('every text that is no invoice is refused with a sentence', () => {
  for (const { name, invoice, code } of [...vectors.invalid, ...vectors.own_invalid]) {
    if (invoice.trim() !== invoice || invoice === '') continue;
    const preview = previewOf(reader, invoice, 'mainnet', MADE);
    expect(preview, name).toMatchObject({ kind: 'unreadable', refusal: { code } });
    expect(preview.kind === 'unreadable' && preview.refusal.sentence, name).toMatch(/^[A-Z].*\.$/);
  }
  expect(previewOf(reader, '\ud800', 'mainnet', MADE)).toMatchObject({
    refusal: { code: 'invalid_argument' },
  });
});

test('amounts are exact to the millisatoshi', () => {
  expect(plain(satsText(1_234_500n))).toBe('1 234.5 sats');
  expect(plain(satsText(1n))).toBe('0.001 sats');
  expect(plain(satsText(1000n))).toBe('1 sat');
  expect(plain(satsText(2n ** 63n - 1n))).toBe('9 223 372 036 854 775.807 sats');
});

test('a foreign text cannot turn the page around or hide', () => {
  expect(foreignText('pay\n\nme')).toBe('pay me');
  expect(foreignText('a\u202eb\u0000c\u200bd\u2066')).toBe('a\ufffdb\ufffdc\ufffdd\ufffd');
  expect(foreignText('ナンセンス 👩‍🚀 <b>')).toBe('ナンセンス 👩‍🚀 <b>');
});

test('the time that is left has its two largest units', () => {
  const left = (seconds: bigint): string => plain(remainingText(1000n + seconds, 1000));
  expect([59n, 60n, 61n, 3599n, 3600n, 90_061n, 864_000n].map(left)).toEqual([
    'in 59 s',
    'in 1 min',
    'in 1 min 1 s',
    'in 59 min 59 s',
    'in 1 h',
    'in 1 d 1 h',
    'in 10 d',
  ]);
  expect([0n, -5n].map(left)).toEqual(['expired', 'expired']);
  expect(remainingText(2n ** 64n - 1n, MADE)).toBe('never');
});

test('a QR code is the smaller one of capitals, square, and blank around', () => {
  const { side, path } = qrPath(cup);
  expect(qrPath(cup.toUpperCase())).toEqual({ side, path });
  // Capitals and digits fit version 8 of 49 modules, where bytes would need version 10; four are blank on each side.
  expect(side).toBe(49 + 8);
  const modules = [...path.matchAll(/M(\d+) (\d+)h1v1h-1z/g)].map(([, x, y]) => [Number(x), Number(y)]);
  expect(Math.min(...modules.flat())).toBe(4);
  expect(Math.max(...modules.flat())).toBe(side - 5);
});
