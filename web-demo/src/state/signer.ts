/** Who signs: a NIP-07 browser extension, or this page with a throw-away key. */
import { signal } from '@preact/signals';
import type { NostrEvent, UnsignedEvent } from 'postfun';
import { signEvent } from 'postfun';
import type { ThrowAwayKey } from './key';

/** What an extension puts at `window.nostr`. */
interface Nip07 {
  getPublicKey(): Promise<string>;
  signEvent(event: UnsignedEvent): Promise<NostrEvent>;
}

declare global {
  interface Window {
    nostr?: Nip07;
  }
}

export interface Signer {
  kind: 'extension' | 'throw-away';
  publicKey(): Promise<string>;
  sign(event: UnsignedEvent): Promise<NostrEvent>;
}

export const extensionFound = signal(false);

const LOOK_EVERY_MS = 500;
const LOOK_FOR_MS = 60_000;

/** Looks for an extension: many of them arrive only after the page has loaded. */
export function watchForExtension(): void {
  const startedAt = Date.now();
  const look = (): void => {
    extensionFound.value = window.nostr !== undefined;
    if (extensionFound.value || Date.now() - startedAt > LOOK_FOR_MS) clearInterval(timer);
  };
  const timer = setInterval(look, LOOK_EVERY_MS);
  addEventListener('focus', look);
  look();
}

/** The extension refused, failed, or is gone. */
export class ExtensionError extends Error {}

export const extensionSigner: Signer = {
  kind: 'extension',
  publicKey: () => ask((nostr) => nostr.getPublicKey()),
  sign: (event) => ask((nostr) => nostr.signEvent(event)),
};

async function ask<T>(question: (nostr: Nip07) => Promise<T>): Promise<T> {
  if (window.nostr === undefined) throw new ExtensionError('No extension answers in this page.');
  try {
    return await question(window.nostr);
  } catch (cause) {
    throw new ExtensionError('Your extension did not sign.', { cause });
  }
}

export function throwAwaySigner(key: ThrowAwayKey): Signer {
  return {
    kind: 'throw-away',
    publicKey: () => Promise.resolve(key.pubkey),
    sign: (event) => Promise.resolve(signEvent(event, key.secret)),
  };
}
