/** What may be deposited and withdrawn, and what a withdrawal sets aside. The server decides; this says it before. */
import { ungroup } from '../ui/format';
import type { Preview } from './invoice';
import type { Sats, Terms } from './model';
import { satsText } from './text';

export const MSAT = 1000n;

/** The longest memo in bytes: what an invoice holds. */
const MEMO_BYTES_MAX = 639;

export type SatsEntry =
  { kind: 'empty' } | { kind: 'amount'; sats: bigint } | { kind: 'refused'; sentence: string };

/** Reads a number of sats to deposit as a person types it. */
export function readSats(typed: string, { depositSatsMax }: Terms): SatsEntry {
  const text = ungroup(typed);
  if (text === '') return { kind: 'empty' };
  const refused = (sentence: string): SatsEntry => ({ kind: 'refused', sentence });
  if (/^\d+[.,]\d*$/.test(text)) return refused('Enter whole sats; a part of a sat cannot be invoiced.');
  if (!/^\d+$/.test(text)) return refused('This is no number of sats. Write digits only, such as 2100.');
  const sats = BigInt(text);
  if (sats === 0n) return refused('Enter at least 1 sat.');
  if (sats > depositSatsMax)
    return refused(`A deposit can be at most ${satsText(depositSatsMax * MSAT)}. Enter less.`);
  return { kind: 'amount', sats };
}

/** Why a memo cannot be written on an invoice; null when it can. */
export function memoProblem(memo: string): string | null {
  const bytes = new TextEncoder().encode(memo.trim()).length;
  const extra = bytes - MEMO_BYTES_MAX;
  return extra <= 0 ? null : `The memo is ${extra} byte${extra === 1 ? '' : 's'} too long. Shorten it.`;
}

/** What a withdrawal is going to take. */
export interface Plan {
  amountSats: bigint;
  feeCapMsat: bigint;
  /** Amount and fee cap: what is set aside. */
  totalMsat: bigint;
  /** Why it cannot be sent; null when it can. */
  obstacle: string | null;
}

/** Plans the withdrawal that an invoice asks for; null when the invoice itself cannot be paid here. */
export function planOf(preview: Preview, terms: Terms, sats: Sats | null): Plan | null {
  if (preview.kind !== 'invoice' || preview.refusal !== null || preview.amountSats === null) return null;
  const { amountSats, reader } = preview;
  const feeCapMsat = reader.feeCapMsat(amountSats * MSAT, terms.feeSatsMax);
  const totalMsat = amountSats * MSAT + feeCapMsat;
  return { amountSats, feeCapMsat, totalMsat, obstacle: obstacleTo(amountSats, totalMsat, terms, sats) };
}

function obstacleTo(amountSats: bigint, totalMsat: bigint, terms: Terms, sats: Sats | null): string | null {
  if (amountSats > terms.withdrawSatsMax)
    return `At most ${satsText(terms.withdrawSatsMax * MSAT)} can be sent at a time. Ask for a smaller invoice.`;
  if (sats === null || sats.availableMsat >= totalMsat) return null;
  const has = sats.availableMsat === 0n ? 'no sats' : satsText(sats.availableMsat);
  return `You have ${has}; amount and highest fee together are ${satsText(totalMsat)}. Deposit some first, or ask for a smaller invoice.`;
}

/** An amount to try a withdrawal with: what a balance can pay, at most a thousand sats. */
export function sampleSats(terms: Terms, sats: Sats | null): bigint {
  const half = (sats?.availableMsat ?? 0n) / MSAT / 2n;
  const wanted = [1000n, terms.withdrawSatsMax, ...(half > 0n ? [half] : [])];
  return wanted.reduce((least, next) => (next < least ? next : least));
}
