import { expect, test } from 'vitest';
import { NoAnswerError } from '../src/api/errors';
import { units } from '../src/api/model';

test('base units are read exactly, beyond what a number could hold', () => {
  expect(units('0')).toBe(0n);
  expect(units('9223372036854775807')).toBe(9_223_372_036_854_775_807n);
});

test('anything but plain digits is an answer that cannot be read', () => {
  for (const text of ['', '-1', '1.0', '1e3', ' 1', '0x10', '99999999999999999999']) {
    expect(() => units(text), text).toThrow(NoAnswerError);
  }
});
