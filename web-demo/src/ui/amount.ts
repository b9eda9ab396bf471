/** Amounts of a token as text. */
import { formatAmount } from 'postfun';
import type { Token } from '../api/model';
import { group, NBSP } from './format';

/** The amount's digits alone. */
export function digits(units: bigint, token: Token): string {
  return group(formatAmount(units, token.decimals));
}

/** The amount with its token's symbol. */
export function amount(units: bigint, token: Token): string {
  return `${digits(units, token)}${NBSP}${token.symbol}`;
}
