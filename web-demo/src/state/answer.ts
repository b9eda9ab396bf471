/** Answering the server's challenges with a key, checked here before anything is sent. */
import type { NostrEvent } from 'postfun';
import { buildLoginEvent, checkLoginEvent, CoreError } from 'postfun';
import type { KeyRef } from '../account/key';
import type { Challenge } from '../api/types';
import { serverNowSeconds } from './connection';
import { describe } from './sentences';
import { ExtensionError, type Signer } from './signer';

/** Kind 22242 is made for signing in; a kind-1 event could be published as a note. */
const LOGIN_KIND = 22242;
const LOGIN_TTL_SECONDS = 120;
/** How far two clocks may be apart; the server's own limit is at most this. */
const CLOCK_SKEW_SECONDS = 300;

/** What a challenge is about, other than signing in; its hash is signed. */
export interface About {
  purpose: 'link' | 'unlink';
  key: KeyRef & { userId: string };
}

type Asked = Pick<Challenge, 'challenge_id' | 'challenge' | 'domain' | 'ttl_seconds'>;

/**
 * Has a challenge signed, and refuses an event that the server would refuse, or that signs something else.
 *
 * @throws {CoreError} the first fault of the event; whatever the signer throws
 */
export async function answer(
  signer: Signer,
  pubkey: string,
  { challenge_id, challenge, domain, ttl_seconds }: Asked,
  about: About | null,
): Promise<NostrEvent> {
  const asked = { challengeId: challenge_id, challenge, domain, ...about };
  const unsigned = buildLoginEvent({
    ...asked,
    pubkey,
    nowSeconds: serverNowSeconds(),
    expiresInSeconds: LOGIN_TTL_SECONDS,
    kind: LOGIN_KIND,
  });
  const event = await signer.sign(unsigned);
  checkLoginEvent(event, {
    ...asked,
    boundPubkey: pubkey,
    nowSeconds: serverNowSeconds(),
    skewSeconds: CLOCK_SKEW_SECONDS,
    ttlSeconds: ttl_seconds,
  });
  return event;
}

/**
 * Says why a challenge was not answered, or the answer not taken.
 *
 * @param again what to do next, such as “try again”
 */
export function whyNot(cause: unknown, again: string): string {
  if (cause instanceof ExtensionError) return `${cause.message} Open it, allow this site, then ${again}.`;
  if (cause instanceof CoreError) {
    return `The signed event is not the one this page asked for (${cause.code}), so nothing was sent. Check your signer, then ${again}.`;
  }
  return describe(cause);
}
