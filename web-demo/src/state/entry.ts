/** Reads an amount as a person types it. */
import { parseAmount } from 'postfun';
import type { Token } from '../api/model';
import { ungroup } from '../ui/format';
import { refusalCode } from './core';

export type Entry =
  { kind: 'empty' } | { kind: 'amount'; units: bigint } | { kind: 'refused'; sentence: string };

/** Turns typed text into base units, or into a sentence that says how to mend it. */
export function readAmount(typed: string, token: Token): Entry {
  const text = completed(ungroup(typed));
  if (text === '') return { kind: 'empty' };
  if (text.includes(',')) {
    return { kind: 'refused', sentence: 'Write decimals with a point, such as 1.5, and leave out commas.' };
  }
  try {
    return { kind: 'amount', units: parseAmount(text, token.decimals) };
  } catch (cause) {
    return { kind: 'refused', sentence: malformed(refusalCode(cause), text, token) };
  }
}

/** A point at the end or at the beginning is a number on its way: `1.` is 1, `.5` is 0.5. */
function completed(text: string): string {
  if (/^\d+\.$/.test(text)) return text.slice(0, -1);
  return /^\.\d+$/.test(text) ? `0${text}` : text;
}

function malformed(code: string, text: string, token: Token): string {
  if (code === 'amount_precision') return tooPrecise(text, token);
  if (code === 'amount_negative') return 'An amount cannot be below zero. Leave out the minus sign.';
  if (code === 'amount_out_of_range') return `No balance of ${token.symbol} can be that large. Enter less.`;
  return 'This is not a number. Write digits, and a point before the decimals, such as 0.25.';
}

function tooPrecise(text: string, token: Token): string {
  if (token.decimals === 0) return `${token.symbol} cannot be divided. Enter a whole number.`;
  const extra = (/^\d+\.(\d+)$/.exec(text)?.[1]?.length ?? 0) - token.decimals;
  const remedy =
    extra > 0 ? `Remove ${extra} digit${extra === 1 ? '' : 's'} from the end.` : 'Use fewer decimals.';
  return `${token.symbol} has ${token.decimals} decimals. ${remedy}`;
}

/** Reads a slippage in whole basis points. */
export function readSlippage(typed: string): number | null {
  const text = typed.trim();
  if (!/^\d{1,4}$/.test(text)) return null;
  const bps = Number.parseInt(text, 10);
  return bps <= SLIPPAGE_BPS_LIMIT ? bps : null;
}

/** More than half of the output is no slippage but a mistake. */
export const SLIPPAGE_BPS_LIMIT = 5000;
