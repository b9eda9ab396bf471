/** Whether the server can be reached, and what time it is there. */
import { computed, signal } from '@preact/signals';

export type Connection = 'connecting' | 'online' | 'offline' | 'unreachable';

/** What the device itself thinks. */
export const deviceOnline = signal(navigator.onLine);
const reached = signal<boolean | null>(null);

/** When the server last answered, in milliseconds of this device's clock. */
export const lastAnswerAt = signal<number | null>(null);

/** How far the server's clock is ahead of this device's, in seconds. */
export const clockOffsetSeconds = signal(0);

export const connection = computed<Connection>(() => {
  if (!deviceOnline.value) return 'offline';
  if (reached.value === null) return 'connecting';
  return reached.value ? 'online' : 'unreachable';
});

export const isOnline = computed(() => connection.value === 'online');

/** Notes that the server answered; `date` is the answer's `Date` header. */
export function answered(date: string | null): void {
  reached.value = true;
  lastAnswerAt.value = Date.now();
  const serverMs = date === null ? Number.NaN : Date.parse(date);
  if (!Number.isNaN(serverMs)) clockOffsetSeconds.value = Math.round((serverMs - Date.now()) / 1000);
}

/** Notes that a request got no answer. */
export function unanswered(): void {
  reached.value = false;
}

/** The time by the server's clock, so that a device with a wrong clock can sign in and set deadlines. */
export function serverNowSeconds(): number {
  return Math.floor(Date.now() / 1000) + clockOffsetSeconds.value;
}

/** Follows the device's own idea of being online; calls `back` when it returns. */
export function watchDevice(back: () => void): void {
  addEventListener('offline', () => {
    deviceOnline.value = false;
  });
  addEventListener('online', () => {
    deviceOnline.value = true;
    back();
  });
}
