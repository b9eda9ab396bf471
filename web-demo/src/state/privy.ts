/**
 * Proving an e-mail address with Privy, for signing in or for another key of one's account.
 *
 * | State   | Meaning                                        | Goes on by                     |
 * |---------|------------------------------------------------|--------------------------------|
 * | closed  | nothing of Privy is loaded                     | the button                     |
 * | loading | its library is on its way                      | itself                         |
 * | address | an e-mail address is asked for                 | sending a code                 |
 * | code    | a code was sent and is asked for               | the right code: then `closed`  |
 */
import { computed, effect, signal, untracked } from '@preact/signals';
import type { EmailSignIn, PrivyApp, PrivyProof } from '../privy/client';
import { describePrivy, LibraryError } from '../privy/sentences';
import { server } from './server';
import { userId } from './session';

export type EmailProof =
  | { phase: 'closed'; problem: string | null }
  | { phase: 'loading' }
  | { phase: 'address'; busy: boolean; problem: string | null }
  | { phase: 'code'; email: string; busy: boolean; news: string | null; problem: string | null };

export const emailProof = signal<EmailProof>({ phase: 'closed', problem: null });

/** The Privy app of this server; null where there is none, or the server has not said so yet. */
export const privyApp = computed<PrivyApp | null>(() => {
  const known = server.value.value?.privy ?? null;
  return known === null ? null : { appId: known.app_id, authUrl: known.auth_url };
});

/** The conversation with Privy. */
let conversation: EmailSignIn | null = null;

/** Loads Privy's library and asks for an address. */
export async function openEmailProof(): Promise<void> {
  const app = privyApp.peek();
  if (app === null || emailProof.peek().phase !== 'closed') return;
  emailProof.value = { phase: 'loading' };
  try {
    const { emailSignIn } = await import('../privy/client').catch((cause: unknown) => {
      throw new LibraryError('Privy’s library did not arrive.', { cause });
    });
    if (emailProof.peek().phase !== 'loading') return;
    conversation = emailSignIn(app);
    emailProof.value = { phase: 'address', busy: false, problem: null };
  } catch (cause) {
    emailProof.value = { phase: 'closed', problem: describePrivy(cause) };
  }
}

export function closeEmailProof(): void {
  conversation = null;
  emailProof.value = { phase: 'closed', problem: null };
}

/** Has a code sent to an address, for the first time or once more. */
export async function sendCode(email: string): Promise<void> {
  const before = emailProof.peek();
  if (before.phase !== 'address' && before.phase !== 'code') return;
  const isSent = await converse(before, async (privy) => {
    await privy.sendCode(email);
    return true;
  });
  if (isSent === null) return;
  const news = before.phase === 'code' ? 'Another code is on its way; only the newest one counts.' : null;
  emailProof.value = { phase: 'code', email, busy: false, news, problem: null };
}

/** Goes back to the address. */
export function changeAddress(): void {
  if (emailProof.peek().phase === 'code') emailProof.value = { phase: 'address', busy: false, problem: null };
}

/** Shows the code to Privy; gives what Privy gives for it, or null when that is nothing. */
export async function showCode(code: string): Promise<PrivyProof | null> {
  const before = emailProof.peek();
  if (before.phase !== 'code') return null;
  const proof = await converse(before, (privy) => privy.proof(before.email, code));
  if (proof !== null) closeEmailProof();
  return proof;
}

type Asking = Extract<EmailProof, { phase: 'address' | 'code' }>;

/** Asks Privy something; null when it refused, or when the person no longer waits for it. */
async function converse<T>(before: Asking, ask: (privy: EmailSignIn) => Promise<T>): Promise<T | null> {
  const privy = conversation;
  if (privy === null || before.busy) return null;
  const waiting: Asking = { ...before, busy: true, problem: null };
  emailProof.value = waiting;
  try {
    const answer = await ask(privy);
    return emailProof.peek() === waiting ? answer : null;
  } catch (cause) {
    if (emailProof.peek() === waiting)
      emailProof.value = { ...before, busy: false, problem: describePrivy(cause) };
    return null;
  }
}

/** Ends what was begun when somebody signs in or out meanwhile. */
export function followEmailProof(): void {
  effect(() => {
    void userId.value;
    untracked(closeEmailProof);
  });
}
