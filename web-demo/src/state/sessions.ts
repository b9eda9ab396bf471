/** Where the signed-in person is signed in, and ending it there. */
import { effect, signal, untracked } from '@preact/signals';
import type { DeviceSession } from '../account/session';
import { endOneSession, endOtherSessions, fetchSessions } from '../api/sessions';
import { openPanel } from './account';
import type { Loadable } from './loadable';
import { load, nothing } from './loadable';
import { describe } from './sentences';
import type { Notice } from './session';
import { user, userId } from './session';

export const sessions = signal<Loadable<DeviceSession[]>>(nothing());

/** Which session is being ended, or that all others are. */
export const ending = signal<string | null>(null);
export const OTHERS = 'others';

/** What became of it. */
export const sessionsNotice = signal<Notice | null>(null);

/** How often the list is read while it can be seen; nothing tells of a sign-in elsewhere. */
const LOOK_EVERY_MS = 15_000;

export async function loadSessions(): Promise<void> {
  const owner = user.peek()?.id;
  if (owner === undefined) return;
  await load(sessions, fetchSessions);
  // The answer of a session that ended meanwhile belongs to nobody here.
  if (user.peek()?.id !== owner) sessions.value = nothing();
}

export async function endThat({ id, device }: DeviceSession): Promise<void> {
  await end(id, async () => {
    await endOneSession(id);
    return `“${device}” is signed out; the server refuses it from now on.`;
  });
}

export async function endTheOthers(): Promise<void> {
  await end(OTHERS, async () => {
    const count = await endOtherSessions();
    if (count === 0) return 'There was no other session any more.';
    return `${count === 1 ? 'One other session is' : `${count} other sessions are`} signed out; the server refuses ${count === 1 ? 'it' : 'them'} from now on.`;
  });
}

async function end(which: string, act: () => Promise<string>): Promise<void> {
  if (ending.peek() !== null) return;
  ending.value = which;
  sessionsNotice.value = null;
  const notice = await act().then(
    (text): Notice => ({ tone: 'info', text }),
    (cause: unknown): Notice => ({ tone: 'danger', text: describe(cause) }),
  );
  ending.value = null;
  if (user.peek() === null) return;
  sessionsNotice.value = notice;
  await loadSessions();
}

/** Reads the list whenever it comes up, and now and then while it can be seen. */
export function followSessions(): void {
  effect(() => {
    const isShown = userId.value !== null && openPanel.value === 'sessions';
    untracked(() => {
      sessionsNotice.value = null;
      if (user.peek() === null) sessions.value = nothing();
      if (isShown) void loadSessions();
    });
  });
  setInterval(() => {
    const isShown = user.peek() !== null && openPanel.peek() === 'sessions' && !document.hidden;
    if (isShown && !sessions.peek().loading) void loadSessions();
  }, LOOK_EVERY_MS);
}
