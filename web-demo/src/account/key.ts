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

/** A key in a few characters, without its kind and without what all keys of its kind begin with. */
export const shortText = (kind: string, subject: string): string =>
  shorten(keyText(kind, subject).replace(/^did:privy:/, ''), 8, 4);

/** A key in a few characters. */
export const shortKey = (kind: string, subject: string): string =>
  `${kindName(kind)} ${shortText(kind, subject)}`;
