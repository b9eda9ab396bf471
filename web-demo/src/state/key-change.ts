/**
 * Linking another key to the account, and removing one.
 *
 * A session is enough for neither, because it can be stolen: a key of the account is proven besides.
 *
 * | State  | Meaning                                             | Goes on by       |
 * |--------|-----------------------------------------------------|------------------|
 * | idle   | nothing is under way                                | a button         |
 * | email  | an e-mail address is to be linked, and proven first | Privy's word     |
 * | own    | a key of the account is to be proven                | that proof       |
 * | asking | an extension asks the person, who takes their time  | their answer     |
 * | busy   | the server or this page is at it                    | itself           |
 */
import { computed, effect, signal, untracked } from '@preact/signals';
import type { KeyRef } from '../account/key';
import { didOf, isSameKey, shortKey } from '../account/key';
import { hasKey, type Way, waysToProve } from '../account/ways';
import { ApiError, NoAnswerError } from '../api/errors';
import { askForChallenge, linkKey, unlinkKey } from '../api/identities';
import type { KeyChallenge, KeyProof } from '../api/types';
import type { PrivyProof } from '../privy/client';
import { openPanel } from './account';
import type { About } from './answer';
import { answer, whyNot } from './answer';
import { throwAwayKey } from './key';
import { acceptKeys, keys } from './keys';
import { closeEmailProof, privyApp } from './privy';
import type { Notice } from './session';
import { leaveSession, userId } from './session';
import { extensionFound, extensionSigner, type Signer, throwAwaySigner } from './signer';

/** What the server was asked for, and a key of the account has to confirm. */
export type KeyChange = { key: KeyRef; challenge: KeyChallenge } & (
  { purpose: 'link'; proof: KeyProof } | { purpose: 'unlink' }
);

export type ChangeState =
  | { phase: 'idle'; notice: Notice | null }
  | { phase: 'email' }
  | { phase: 'own'; change: KeyChange; problem: string | null }
  | { phase: 'asking' | 'busy'; step: string };

const IDLE: ChangeState = { phase: 'idle', notice: null };
const ASKING_SERVER: ChangeState = { phase: 'busy', step: 'Asking the server for a challenge…' };
const SHOWING: ChangeState = { phase: 'busy', step: 'Showing it to the server…' };

export const changeState = signal<ChangeState>(IDLE);

/** The ways by which a key that stays can be proven here. */
export const ownWays = computed<Way[]>(() => {
  const state = changeState.value;
  if (state.phase !== 'own') return [];
  const { purpose, key } = state.change;
  const list = keys.value.value ?? [];
  return waysToProve(purpose === 'link' ? list : list.filter((one) => !isSameKey(one, key)), {
    extension: extensionFound.value,
    throwAway: throwAwayKey.value?.pubkey ?? null,
    privy: privyApp.value !== null,
  });
});

/** Begins to link the key of a signer. */
export async function linkSigner(signer: Signer): Promise<void> {
  await act(async (show) => {
    show(step(signer, 'Asking your extension for its public key…'));
    const key = nostrKey(await signer.publicKey());
    show(ASKING_SERVER);
    const challenge = await askForChallenge('link', key);
    show(step(signer, 'Waiting for you to sign in your extension…'));
    const event = await answer(signer, key.subject, challenge, about('link', key, challenge));
    return { phase: 'own', change: { purpose: 'link', key, challenge, proof: { event } }, problem: null };
  });
}

/** Begins to link an e-mail address: Privy's word comes first. */
export function linkEmail(): void {
  changeState.value = { phase: 'email' };
}

/** Goes on with Privy's word. */
export async function linkPrivy(word: PrivyProof): Promise<void> {
  await act(async (show) => {
    show(ASKING_SERVER);
    const key = { kind: 'privy', subject: didOf(word.access) ?? '' };
    const challenge = await askForChallenge('link', key);
    return { phase: 'own', change: { purpose: 'link', key, challenge, proof: proofOf(word) }, problem: null };
  });
}

/** Begins to remove a key. */
export async function removeKey(key: KeyRef): Promise<void> {
  await act(async (show) => {
    show(ASKING_SERVER);
    const challenge = await askForChallenge('unlink', key);
    return { phase: 'own', change: { purpose: 'unlink', key, challenge }, problem: null };
  });
}

/** Gives up what is under way. What was sent cannot be taken back, but nothing more is. */
export function cancelChange(): void {
  current = null;
  closeEmailProof();
  changeState.value = IDLE;
}

export const confirmByExtension = (): Promise<void> => confirmBySigner(extensionSigner);

export async function confirmByThrowAway(): Promise<void> {
  const key = throwAwayKey.peek();
  if (key !== null) await confirmBySigner(throwAwaySigner(key));
}

export async function confirmByPrivy(word: PrivyProof): Promise<void> {
  await confirm(() => Promise.resolve(proofOf(word)));
}

/** Gives up what is under way when its part of the window closes, or somebody signs in or out. */
export function followKeyChange(): void {
  effect(() => {
    void userId.value;
    void openPanel.value;
    untracked(cancelChange);
  });
}

type Show = (state: ChangeState) => void;

/** Whose steps are shown. */
let current: symbol | null = null;

/**
 * Does something step by step, and shows what comes of it; whatever is cancelled meanwhile goes no further than the next
 * step, and shows nothing more.
 */
async function act(
  steps: (show: Show) => Promise<ChangeState>,
  failed: (cause: unknown) => ChangeState = toNotice,
): Promise<void> {
  const mine = Symbol('change');
  current = mine;
  const show: Show = (state) => {
    if (current !== mine) throw new CancelledError();
    changeState.value = state;
  };
  try {
    show(await steps(show));
  } catch (cause) {
    if (current === mine) changeState.value = failed(cause);
  }
}

class CancelledError extends Error {}

async function confirmBySigner(signer: Signer): Promise<void> {
  await confirm(async ({ purpose, key, challenge }, show) => {
    show(step(signer, 'Waiting for you to sign in your extension…'));
    const own = nostrKey(await signer.publicKey());
    if (isSameKey(own, key)) throw new OtherKeyError(SAME_KEY[purpose]);
    if (!hasKey(keys.peek().value ?? [], own)) throw new OtherKeyError(FOREIGN_KEY);
    return { event: await answer(signer, own.subject, challenge, about(purpose, key, challenge)) };
  });
}

/** Shows a proof of a key of the account to the server, which then links or removes. */
async function confirm(prove: (change: KeyChange, show: Show) => Promise<KeyProof>): Promise<void> {
  const before = changeState.peek();
  if (before.phase !== 'own') return;
  const { change } = before;
  await act(
    async (show) => {
      const own = await prove(change, show);
      show(SHOWING);
      return await (change.purpose === 'link' ? link(change, own) : unlink(change, own));
    },
    // The server has taken nothing yet: another key of the account can still confirm.
    (cause) => (isFromServer(cause) ? toNotice(cause) : { phase: 'own', change, problem: reason(cause) }),
  );
}

type Linking = Extract<KeyChange, { purpose: 'link' }>;

async function link({ key, challenge, proof }: Linking, own: KeyProof): Promise<ChangeState> {
  const owner = userId.peek();
  acceptKeys(owner, await linkKey(challenge.challenge_id, proof, own));
  return done(`${shortKey(key)} signs in to this account from now on.`);
}

async function unlink({ key, challenge }: KeyChange, own: KeyProof): Promise<ChangeState> {
  const owner = userId.peek();
  const { keys: left, sessionsEnded, isSignedOut } = await unlinkKey(challenge.challenge_id, key, own);
  const removed = `${shortKey(key)} signs in to this account no more.`;
  if (isSignedOut) {
    leave(owner, `${removed} This session, which it had begun, ended with it: sign in with another key.`);
    return IDLE;
  }
  acceptKeys(owner, left);
  if (sessionsEnded === 0) return done(removed);
  return done(
    `${removed} ${sessionsEnded === 1 ? 'One session' : `${sessionsEnded} sessions`} that it had begun ended with it.`,
  );
}

/** Says why the session ended, also when its stream was the first to tell that it did. */
function leave(owner: number | null, text: string): void {
  const who = userId.peek();
  if (who === null || who === owner) leaveSession({ tone: 'info', text });
}

/** The signer shows a key that cannot confirm. */
class OtherKeyError extends Error {}

const SAME_KEY: Readonly<Record<KeyChange['purpose'], string>> = {
  link: 'Your signer shows the key that is to be linked. Choose a key of this account in it, then try again.',
  unlink: 'Your signer shows the key that is to be removed. Choose a key that stays, then try again.',
};
const FOREIGN_KEY =
  'Your signer shows a key that is not of this account. Choose one of its keys, then try again.';

const nostrKey = (pubkey: string): KeyRef => ({ kind: 'nostr', subject: pubkey });

const proofOf = ({ access, identity }: PrivyProof): KeyProof => ({
  privy_token: access,
  identity_token: identity,
});

/** What is signed beside the challenge: its hash is computed in this page, for the key that the person sees. */
const about = (purpose: KeyChange['purpose'], key: KeyRef, { user_id }: KeyChallenge): About => ({
  purpose,
  key: { ...key, userId: user_id },
});

/** An extension has to be waited for; this page signs at once. */
const step = ({ kind }: Signer, text: string): ChangeState =>
  kind === 'extension' ? { phase: 'asking', step: text } : { phase: 'busy', step: 'Signing in this page…' };

const done = (text: string): ChangeState => ({ phase: 'idle', notice: { tone: 'info', text } });

const toNotice = (cause: unknown): ChangeState => ({
  phase: 'idle',
  notice: { tone: 'danger', text: reason(cause) },
});

const reason = (cause: unknown): string =>
  cause instanceof OtherKeyError ? cause.message : whyNot(cause, 'try again');

const isFromServer = (cause: unknown): boolean => cause instanceof ApiError || cause instanceof NoAnswerError;
