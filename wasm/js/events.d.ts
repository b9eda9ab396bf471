/** Nostr: keys, events, and signing in with one. */

/** An event before it is signed (NIP-01). */
export interface UnsignedEvent {
  /** The author's public key: 64 lower-case hexadecimal digits. */
  pubkey: string;
  /** Seconds since the Unix epoch. */
  created_at: number;
  /** 0 to 65535. */
  kind: number;
  tags: string[][];
  content: string;
}

/** A signed event (NIP-01). */
export interface NostrEvent extends UnsignedEvent {
  /** SHA-256 of the canonical form: 64 lower-case hexadecimal digits. */
  id: string;
  /** BIP-340 signature of the id's 32 bytes: 128 lower-case hexadecimal digits. */
  sig: string;
}

/**
 * Draws a secret key from the platform's cryptographic randomness.
 *
 * @returns 32 bytes; keep them secret, and overwrite them when they are no longer needed
 * @throws {CoreError} `secret_key_invalid` when the randomness is broken
 */
export function generateSecretKey(): Uint8Array;

/**
 * Computes the public key of a secret key. The module's own copy of the secret is overwritten with zeros.
 *
 * @param secret 32 bytes
 * @returns 64 lower-case hexadecimal digits
 * @throws {CoreError} `invalid_argument`; `secret_key_invalid`
 */
export function publicKey(secret: Uint8Array): string;

/**
 * Writes a public key as an `npub` (NIP-19).
 *
 * @param hex 64 lower-case hexadecimal digits
 * @throws {CoreError} `invalid_argument`; `hex_length`; `hex_digit`
 */
export function npubEncode(hex: string): string;

/**
 * Reads an `npub` (NIP-19).
 *
 * @returns the public key: 64 lower-case hexadecimal digits
 * @throws {CoreError} `invalid_argument`; one of the `npub_…` codes
 */
export function npubDecode(npub: string): string;

/**
 * Computes an event's id: SHA-256 of its canonical form (NIP-01).
 *
 * @returns 64 lower-case hexadecimal digits
 * @throws {CoreError} `invalid_argument`; one of the `event_…` codes for a wrong shape or size
 */
export function eventId(unsigned: UnsignedEvent): string;

/**
 * Tells whether an event's shape, id and signature are right. Fields that NIP-01 does not know are left aside.
 *
 * @returns `false` for any object that is not a valid event, or has more than 64 KiB of JSON, 100 tags, or 100 values
 * in a tag
 * @throws {CoreError} `invalid_argument` for anything that is no object
 */
export function verifyEvent(event: NostrEvent): boolean;

/**
 * Checks an event's shape, id and signature, in this order, and says what is wrong.
 *
 * @throws {CoreError} `invalid_argument`; the first fault as its code
 */
export function checkEvent(event: NostrEvent): void;

/**
 * Signs an event with fresh randomness from the platform. The module's own copy of the secret is overwritten with
 * zeros.
 *
 * @param unsigned its `pubkey` is replaced by the key that signs
 * @param secret 32 bytes
 * @throws {CoreError} `invalid_argument`; `secret_key_invalid`; the codes of {@link eventId}
 */
export function signEvent(unsigned: UnsignedEvent, secret: Uint8Array): NostrEvent;

/** What a challenge was given for, other than signing in. */
export interface Purpose {
  /** `"login"` by default. */
  purpose?: 'login' | 'link' | 'unlink';
  /** The key to link or unlink. Its hash, with purpose and user, is the `data` of the event's content. */
  key?: { userId: string; kind: string; subject: string };
}

/** What a sign-in event is made of. */
export interface LoginRequest extends Purpose {
  /** The key that will sign: 64 lower-case hexadecimal digits. */
  pubkey: string;
  /** As the server gave it. */
  challengeId: string;
  /** As the server gave it. */
  challenge: string;
  /** The domain that the server names, for the signer to see. */
  domain: string;
  /** The present time in seconds since the Unix epoch. */
  nowSeconds: number;
  /** How long the event is good for, in seconds. */
  expiresInSeconds: number;
  /** 22242 by default, which nobody can publish as a note; for sign-ins servers accept 27235 (with its tags) and 1 too. */
  kind?: number;
}

/**
 * Builds the event that answers a challenge, to be signed by {@link signEvent} or by a NIP-07 extension.
 *
 * @throws {CoreError} `invalid_argument`; `hex_length` or `hex_digit` for the key
 */
export function buildLoginEvent(request: LoginRequest): UnsignedEvent;

/** What a sign-in event is checked against. */
export interface LoginExpected extends Purpose {
  /** As the server gave it. */
  challengeId: string;
  /** As the server gave it. */
  challenge: string;
  /** The key that the challenge was asked for, if it was: 64 lower-case hexadecimal digits. */
  boundPubkey?: string | null;
  /** The domain that the server expects. */
  domain: string;
  /** Whether an event without a domain is refused. `false` by default. */
  domainRequired?: boolean;
  /** The present time in seconds since the Unix epoch. */
  nowSeconds: number;
  /** How far clocks may be apart, in seconds; exactly that much is still accepted. */
  skewSeconds: number;
  /** How long a challenge is good for, in seconds. */
  ttlSeconds: number;
  /** For kind 27235: the absolute URL its `u` tag must name. */
  url?: string | null;
  /** For kind 27235: the method its `method` tag must name. `"POST"` by default. */
  method?: string;
}

/**
 * Checks a signed sign-in event as the server will, before anything is sent: shape, content, kind, key, purpose,
 * challenge, times, domain, tags, then id and signature.
 *
 * @throws {CoreError} `invalid_argument`; the first fault as its code
 */
export function checkLoginEvent(event: NostrEvent, expected: LoginExpected): void;
