/** The session: signed out, signing in, or signed in as somebody. */
import { computed, signal } from '@preact/signals';
import { deviceName } from '../account/device';
import { endSession, fetchMe, logInWithPrivy, requestChallenge, verifyLogin } from '../api/calls';
import { onSessionEnd, tokens, tokensOf } from '../api/client';
import { ApiError } from '../api/errors';
import { onTokensElsewhere } from '../api/shared';
import { isSameSession } from '../api/tokens';
import type { User } from '../api/types';
import type { PrivyProof } from '../privy/client';
import { answer, whyNot } from './answer';
import { describe } from './sentences';
import type { Signer } from './signer';

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

/** Who is signed in; it stays the same when something about them changes. */
export const userId = computed(() => user.value?.id ?? null);

const ENDED = 'Your session ended. Sign in again to go on; nothing is lost.';

/** The same by the code with which the server ended the person's stream. */
const ENDED_BY_CODE: Readonly<Record<string, string>> = {
  session_ended: `${ENDED} It was ended from another place. If that was not you, sign in and end your other sessions.`,
  session_expired: `${ENDED} Its time was over.`,
  user_deleted: 'This account was deleted. Its keys sign nobody in any more.',
};

/** Ends the session in this browser, with what is to be said about it. */
export function leaveSession(notice: Notice | null): void {
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
      return leaveSession({ tone: 'danger', text: describe(cause) });
    // Without an answer the token may still be good: it stays for the next try.
    session.value = { phase: 'out', notice: { tone: 'danger', text: describe(cause) } };
  }
}

/** Reads again who is signed in, after something about them changed; without an answer the page shows what it knew. */
export async function refreshUser(): Promise<void> {
  const owner = userId.peek();
  if (owner === null) return;
  const fresh = await fetchMe().catch(() => null);
  if (fresh !== null && fresh.id === owner && userId.peek() === owner)
    session.value = { phase: 'in', user: fresh };
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
    const event = await answer(signer, pubkey, challenge, null);
    step('Showing it to the server…');
    const verified = await verifyLogin(event, challenge.challenge_id, deviceName(navigator.userAgent));
    tokens.replace(tokensOf(verified.token, verified.refresh_token, verified.expires_in));
    session.value = { phase: 'in', user: verified.user };
  } catch (cause) {
    leaveSession({ tone: 'danger', text: whyNot(cause, 'sign in again') });
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
    return leaveSession({ tone: 'danger', text: describe(cause) });
  }
  await resumeSession();
}

/** Signs out here at once, and tells the server to refuse the token from now on. */
export async function signOut(): Promise<void> {
  try {
    await endSession();
    leaveSession({
      tone: 'info',
      text: 'You are signed out, and the server no longer accepts this session.',
    });
  } catch (cause) {
    if (session.value.phase !== 'in') return;
    leaveSession({ tone: 'danger', text: `You are signed out in this browser only. ${describe(cause)}` });
  }
}
