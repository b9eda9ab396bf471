/** The session: signed out, signing in, or signed in as somebody. */
import { computed, signal } from '@preact/signals';
import type { NostrEvent } from 'postfun';
import { buildLoginEvent, checkLoginEvent, CoreError } from 'postfun';
import { deviceName } from '../account/device';
import { endSession, fetchMe, logInWithPrivy, requestChallenge, verifyLogin } from '../api/calls';
import { onSessionEnd, tokens, tokensOf } from '../api/client';
import { ApiError } from '../api/errors';
import { onTokensElsewhere } from '../api/shared';
import { isSameSession } from '../api/tokens';
import type { Challenge, User } from '../api/types';
import type { PrivyProof } from '../privy/client';
import { serverNowSeconds } from './connection';
import { describe } from './sentences';
import { ExtensionError, type Signer } from './signer';

export interface Notice {
  tone: 'info' | 'danger';
  text: string;
}

export type Session =
  | { phase: 'out'; notice: Notice | null }
  | { phase: 'resuming' }
  | { phase: 'signing'; step: string }
  | { phase: 'in'; user: User };

export const session = signal<Session>({ phase: 'out', notice: null });

export const user = computed(() => (session.value.phase === 'in' ? session.value.user : null));

const ENDED = 'Your session ended. Sign in again to go on; nothing is lost.';

/** The same by the code with which the server ended the person's stream. */
const ENDED_BY_CODE: Readonly<Record<string, string>> = {
  session_ended: `${ENDED} It was ended from another place. If that was not you, sign in and end your other sessions.`,
  session_expired: `${ENDED} Its time was over.`,
  user_deleted: 'This account was deleted. Its keys sign nobody in any more.',
};

/** Kind 22242 is made for signing in; a kind-1 event could be published as a note. */
const LOGIN_KIND = 22242;
const LOGIN_TTL_SECONDS = 120;
/** How far two clocks may be apart; the server's own limit is at most this. */
const CLOCK_SKEW_SECONDS = 300;

function leave(notice: Notice | null): void {
  tokens.replace(null);
  session.value = { phase: 'out', notice };
}

/**
 * Shows the end of a session that was ended elsewhere; whoever signed in since keeps their tokens. Somebody who has just
 * signed out knows it already: the stream may tell of it later than the answer.
 */
function showEnd(why: string | null): void {
  if (session.peek().phase === 'out') return;
  session.value = { phase: 'out', notice: { tone: 'info', text: ENDED_BY_CODE[why ?? ''] ?? ENDED } };
}

/** Follows the tabs beside this one: they sign in and out for all. */
export function followTabs(): void {
  onTokensElsewhere((before, now) => {
    if (isSameSession(before, now)) return;
    if (now !== null) void resumeSession();
    else if (session.peek().phase === 'in') showEnd(null);
  });
}

/** Goes on with the session that this browser has. */
export async function resumeSession(): Promise<void> {
  onSessionEnd(showEnd);
  if (tokens.current() === null) return;
  session.value = { phase: 'resuming' };
  try {
    session.value = { phase: 'in', user: await fetchMe() };
  } catch (cause) {
    if (cause instanceof ApiError && cause.status === 401) return;
    if (cause instanceof ApiError && cause.status < 500)
      return leave({ tone: 'danger', text: describe(cause) });
    // Without an answer the token may still be good: it stays for the next try.
    session.value = { phase: 'out', notice: { tone: 'danger', text: describe(cause) } };
  }
}

/** Signs in: challenge, event, local check, verification. */
export async function signIn(signer: Signer): Promise<void> {
  const step = (text: string): void => {
    session.value = { phase: 'signing', step: text };
  };
  try {
    step(
      signer.kind === 'extension' ? 'Asking your extension for your public key…' : 'Making the key ready…',
    );
    const pubkey = await signer.publicKey();
    step('Asking the server for a challenge…');
    const challenge = await requestChallenge(pubkey);
    step(
      signer.kind === 'extension' ? 'Waiting for you to sign in your extension…' : 'Signing in this page…',
    );
    const event = await signer.sign(loginEvent(pubkey, challenge));
    step('Checking the signed event in this page…');
    checkEvent(event, pubkey, challenge);
    step('Showing it to the server…');
    const verified = await verifyLogin(event, challenge.challenge_id, deviceName(navigator.userAgent));
    tokens.replace(tokensOf(verified.token, verified.refresh_token, verified.expires_in));
    session.value = { phase: 'in', user: verified.user };
  } catch (cause) {
    leave({ tone: 'danger', text: whyNotSignedIn(cause) });
  }
}

/** Signs in with what Privy gave for the right code. */
export async function signInWithPrivy(proof: PrivyProof): Promise<void> {
  session.value = { phase: 'signing', step: 'Showing Privy’s word to the server…' };
  try {
    const { data } = await logInWithPrivy(proof, deviceName(navigator.userAgent));
    const { accessToken, refreshToken, expiresIn } = data.tokens;
    tokens.replace(tokensOf(accessToken, refreshToken, expiresIn));
  } catch (cause) {
    return leave({ tone: 'danger', text: describe(cause) });
  }
  await resumeSession();
}

function loginEvent(
  pubkey: string,
  { challenge_id, challenge, domain }: Challenge,
): ReturnType<typeof buildLoginEvent> {
  return buildLoginEvent({
    pubkey,
    challengeId: challenge_id,
    challenge,
    domain,
    nowSeconds: serverNowSeconds(),
    expiresInSeconds: LOGIN_TTL_SECONDS,
    kind: LOGIN_KIND,
  });
}

/** Refuses an event that the server would refuse, or that signs something else, before it leaves the page. */
function checkEvent(
  event: NostrEvent,
  pubkey: string,
  { challenge_id, challenge, domain, ttl_seconds }: Challenge,
): void {
  checkLoginEvent(event, {
    challengeId: challenge_id,
    challenge,
    boundPubkey: pubkey,
    domain,
    nowSeconds: serverNowSeconds(),
    skewSeconds: CLOCK_SKEW_SECONDS,
    ttlSeconds: ttl_seconds,
  });
}

function whyNotSignedIn(cause: unknown): string {
  if (cause instanceof ExtensionError)
    return `${cause.message} Open it, allow this site, then sign in again.`;
  if (cause instanceof CoreError) {
    return `The signed event is not the one this page asked for (${cause.code}), so nothing was sent. Check your signer, then sign in again.`;
  }
  return describe(cause);
}

/** Signs out here at once, and tells the server to refuse the token from now on. */
export async function signOut(): Promise<void> {
  try {
    await endSession();
    leave({ tone: 'info', text: 'You are signed out, and the server no longer accepts this session.' });
  } catch (cause) {
    if (session.value.phase !== 'in') return;
    leave({ tone: 'danger', text: `You are signed out in this browser only. ${describe(cause)}` });
  }
}
