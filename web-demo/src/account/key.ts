/** Keys of all kinds, as people compare them. */
import { npubEncode } from 'postfun';
import type { ApiIdentity } from '../api/types';
import { shorten } from '../ui/format';

/** Which key; for Nostr the subject is the public key in hexadecimal, for Privy the user's DID. */
export interface KeyRef {
  kind: string;
  subject: string;
}

/** A key that signs in to the account. */
export interface AccountKey extends KeyRef {
  linkedAt: string;
  usedAt: string;
}

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
export function keyText({ kind, subject }: KeyRef): string {
  return kind === 'nostr' && /^[0-9a-f]{64}$/.test(subject) ? npubEncode(subject) : subject;
}

/** A key in a few characters, without its kind and without what all keys of its kind begin with. */
export const shortText = (key: KeyRef): string => shorten(keyText(key).replace(/^did:privy:/, ''), 8, 4);

/** A key in a few characters. */
export const shortKey = (key: KeyRef): string => `${kindName(key.kind)} ${shortText(key)}`;

export const isSameKey = (a: KeyRef, b: KeyRef): boolean => a.kind === b.kind && a.subject === b.subject;

export function toAccountKey({ kind, subject, linked_at, last_used_at }: ApiIdentity): AccountKey {
  return { kind, subject, linkedAt: linked_at, usedAt: last_used_at };
}

/** The user whom a token of Privy names; null when it is none. The server checks it; the page only has to name the key. */
export function didOf(token: string): string | null {
  try {
    const part = token.split('.')[1] ?? '';
    const { sub } = JSON.parse(atob(part.replaceAll('-', '+').replaceAll('_', '/'))) as { sub?: unknown };
    return typeof sub === 'string' ? sub : null;
  } catch {
    return null;
  }
}
