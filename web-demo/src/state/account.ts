/** Which part of the account window is open. */
import { effect, signal } from '@preact/signals';
import { userId } from './session';

export type Panel = 'keys' | 'sessions' | 'notices';

export const openPanel = signal<Panel | null>(null);

/** Opens a part, or closes it when it is the open one. */
export function togglePanel(panel: Panel): void {
  openPanel.value = openPanel.peek() === panel ? null : panel;
}

/** Closes everything when nobody is signed in any more. */
export function followAccount(): void {
  effect(() => {
    if (userId.value === null) openPanel.value = null;
  });
}
