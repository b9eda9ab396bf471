/** Amounts of a token as text. */
import { formatAmount } from 'postfun';
import type { Token } from '../api/model';
import { core } from '../state/core';
import { group, NBSP } from './format';

/** The amount's digits alone; data can arrive before the module that writes them has started. */
export function digits(units: bigint, token: Token): string {
  return core.value.phase === 'ready' ? group(formatAmount(units, token.decimals)) : '…';
}

/** The amount with its token's symbol. */
export function amount(units: bigint, token: Token): string {
  return `${digits(units, token)}${NBSP}${token.symbol}`;
}
