/** Something that is fetched: it can be on its way, here, or out of date with the reason why. */
import type { Signal } from '@preact/signals';
import { describe } from './sentences';

export interface Loadable<T> {
  /** The last value that arrived. */
  value: T | null;
  /** When it arrived, in milliseconds of this device's clock. */
  at: number | null;
  loading: boolean;
  /** Why the last attempt failed, as a sentence. */
  error: string | null;
}

export function nothing<T>(): Loadable<T> {
  return { value: null, at: null, loading: false, error: null };
}

/** Fetches into `target`; a failure keeps the last value and says what went wrong. */
export async function load<T>(target: Signal<Loadable<T>>, fetcher: () => Promise<T>): Promise<T | null> {
  target.value = { ...target.peek(), loading: true };
  try {
    const value = await fetcher();
    target.value = { value, at: Date.now(), loading: false, error: null };
    return value;
  } catch (cause) {
    target.value = { ...target.peek(), loading: false, error: describe(cause) };
    return null;
  }
}
