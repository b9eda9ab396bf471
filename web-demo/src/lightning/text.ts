/** What an invoice says, as text for people. */
import { group, NBSP } from '../ui/format';

/** An amount of millisatoshis in sats, exactly: 1234500 becomes `1 234.5 sats`. */
export function satsText(msat: bigint): string {
  const part = String(msat % 1000n)
    .padStart(3, '0')
    .replace(/0+$/, '');
  const unit = msat === 1000n ? 'sat' : 'sats';
  return `${group(`${msat / 1000n}${part === '' ? '' : `.${part}`}`)}${NBSP}${unit}`;
}

/** Characters that draw nothing or turn the direction of writing; an invoice can hold any. Joiners make emoji. */
const UNSEEN = /(?!\u200d)[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Zl}\p{Zp}]/gu;

/** A foreign text on one line, with a mark where a character would deceive. */
export function foreignText(text: string): string {
  return text.replace(/[\t\n\r\u2028\u2029]+/g, ' ').replace(UNSEEN, '\ufffd');
}

/** How long an invoice is still good: the two largest units. */
export function remainingText(expiresAtSeconds: bigint, nowSeconds: number): string {
  const left = expiresAtSeconds - BigInt(nowSeconds);
  if (left <= 0n) return 'expired';
  const days = left / 86_400n;
  if (days >= 10_000n) return 'never';
  const units: [bigint, string][] = [
    [days, 'd'],
    [(left / 3600n) % 24n, 'h'],
    [(left / 60n) % 60n, 'min'],
    [left % 60n, 's'],
  ];
  const first = units.findIndex(([count]) => count > 0n);
  const shown = units.slice(first, first + 2).filter(([count]) => count > 0n);
  return `in ${shown.map(([count, unit]) => `${count}${NBSP}${unit}`).join(' ')}`;
}
