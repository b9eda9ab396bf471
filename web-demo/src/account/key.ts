/** Keys of all kinds, as people compare them. */
import { npubEncode } from 'postfun';
import { shorten } from '../ui/format';

const KINDS: Readonly<Record<string, string>> = {
  nostr: 'Nostr',
  privy: 'Privy',
  solana: 'Solana',
  ton: 'TON',
  evm: 'Ethereum',
  discord: 'Discord',
  x: 'X',
  email: 'E-mail',
};

export const kindName = (kind: string): string => KINDS[kind] ?? kind;

/** A key as its own world writes it: a Nostr key as an npub, anything else as it is. */
export function keyText(kind: string, subject: string): string {
  return kind === 'nostr' && /^[0-9a-f]{64}$/.test(subject) ? npubEncode(subject) : subject;
}

/** A key in a few characters. */
export function shortKey(kind: string, subject: string): string {
  return `${kindName(kind)} ${shorten(keyText(kind, subject), 12, 6)}`;
}
