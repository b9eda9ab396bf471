/** The throw-away key: made in this page, kept in memory, and in the tab's storage only when asked for. */
import { signal } from '@preact/signals';
import { generateSecretKey, npubEncode, publicKey } from 'postfun';
import { tab } from './storage';

export interface ThrowAwayKey {
  secret: Uint8Array;
  pubkey: string;
  npub: string;
  /** Whether the tab's storage holds it, so that it outlives a reload. */
  kept: boolean;
}

export const throwAwayKey = signal<ThrowAwayKey | null>(null);

const STORED = 'throw-away-key';

export function makeKey(): ThrowAwayKey {
  const key = describeKey(generateSecretKey(), false);
  throwAwayKey.value = key;
  return key;
}

/** Finds the key that an earlier load of this tab kept. */
export function restoreKey(): void {
  const secret = fromHex(tab.read(STORED) ?? '');
  if (secret !== null) throwAwayKey.value = describeKey(secret, true);
}

/** Keeps the key in the tab's storage, or takes it out again. */
export function keepKey(kept: boolean): void {
  const key = throwAwayKey.value;
  if (key === null) return;
  if (kept) {
    throwAwayKey.value = { ...key, kept: tab.write(STORED, secretHex(key)) };
  } else {
    tab.drop(STORED);
    throwAwayKey.value = { ...key, kept: false };
  }
}

/** Overwrites the key; without a copy, whatever belongs to it can never be reached again. */
export function forgetKey(): void {
  throwAwayKey.value?.secret.fill(0);
  tab.drop(STORED);
  throwAwayKey.value = null;
}

/** The secret as 64 hexadecimal digits, which every Nostr signer can import. */
export function secretHex(key: ThrowAwayKey): string {
  return Array.from(key.secret, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

function describeKey(secret: Uint8Array, kept: boolean): ThrowAwayKey {
  const pubkey = publicKey(secret);
  return { secret, pubkey, npub: npubEncode(pubkey), kept };
}

function fromHex(hex: string): Uint8Array | null {
  if (!/^[0-9a-f]{64}$/.test(hex)) return null;
  return Uint8Array.from({ length: 32 }, (_, index) =>
    Number.parseInt(hex.slice(2 * index, 2 * index + 2), 16),
  );
}
