/** How a key of one's account can be proven in this page. */
import type { AccountKey, KeyRef } from './key';
import { isSameKey } from './key';

export type Way = 'extension' | 'throw-away' | 'email';

/** What this page has at hand. */
export interface AtHand {
  extension: boolean;
  /** The public key of the throw-away key. */
  throwAway: string | null;
  privy: boolean;
}

/** The ways to prove one of some keys; which key an extension has, it tells only when asked. */
export function waysToProve(keys: AccountKey[], { extension, throwAway, privy }: AtHand): Way[] {
  const has = (kind: string): boolean => keys.some((key) => key.kind === kind);
  const ways: Way[] = [];
  if (extension && has('nostr')) ways.push('extension');
  if (throwAway !== null && hasKey(keys, { kind: 'nostr', subject: throwAway })) ways.push('throw-away');
  if (privy && has('privy')) ways.push('email');
  return ways;
}

export const hasKey = (keys: AccountKey[], key: KeyRef): boolean => keys.some((one) => isSameKey(one, key));
