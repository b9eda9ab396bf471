import { expect, test } from 'vitest';
import { clockTime, group, percentOfBps, percentOfPpm, shorten, ungroup } from '../src/ui/format';

const plain = (text: string): string => text.replace(/\s/gu, ' ');

test('digits are grouped by three before the point and left alone after it', () => {
  expect(plain(group('0'))).toBe('0');
  expect(plain(group('999'))).toBe('999');
  expect(plain(group('1000'))).toBe('1 000');
  expect(plain(group('65000000.1234567'))).toBe('65 000 000.1234567');
  expect(plain(group('92233720368547758.07'))).toBe('92 233 720 368 547 758.07');
});

test('what was grouped can be typed back, but two numbers are never joined', () => {
  expect(ungroup(group('65000000.123456'))).toBe('65000000.123456');
  expect(ungroup(' 1 000 ')).toBe('1000');
  expect(ungroup('1_000')).toBe('1000');
  expect(ungroup('1 a')).toBe('1 a');
});

test('parts per million become percent rounded up', () => {
  expect(plain(percentOfPpm(0))).toBe('under 0.01 %');
  expect(plain(percentOfPpm(99))).toBe('under 0.01 %');
  expect(plain(percentOfPpm(100))).toBe('0.01 %');
  expect(plain(percentOfPpm(998))).toBe('0.10 %');
  expect(plain(percentOfPpm(49_901))).toBe('5.00 %');
  expect(plain(percentOfPpm(1_000_000))).toBe('100.00 %');
});

test('basis points become percent without trailing zeros', () => {
  expect([10, 50, 100, 125, 5000].map((bps) => plain(percentOfBps(bps)))).toEqual([
    '0.1 %',
    '0.5 %',
    '1 %',
    '1.25 %',
    '50 %',
  ]);
});

test('long identifiers lose their middle, short ones nothing', () => {
  expect(shorten('abcdefghij', 3, 2)).toBe('abc…ij');
  expect(shorten('abcdefghij', 4, 0)).toBe('abcd…');
  expect(shorten('abcdef', 3, 2)).toBe('abcdef');
});

test('a time of another day carries its date', () => {
  const now = new Date(2026, 10, 21, 9, 0, 0);
  expect(clockTime(new Date(2026, 10, 21, 8, 5, 3).getTime(), now)).toBe('08:05:03');
  expect(clockTime(new Date(2026, 10, 20, 8, 5, 3).getTime(), now)).toBe('2026-11-20 08:05:03');
});
