/** Browser storage that may be forbidden or full: then nothing is kept, and nothing breaks. */

function attempt<T>(action: () => T): T | null {
  try {
    return action();
  } catch {
    return null;
  }
}

const PREFIX = 'postfun.';

/** Values of this tab, gone when it is closed. */
export const tab = {
  read: (key: string): string | null => attempt(() => sessionStorage.getItem(PREFIX + key)),
  /** Says whether the value was kept. */
  write: (key: string, value: string): boolean =>
    attempt(() => sessionStorage.setItem(PREFIX + key, value)) !== null,
  drop: (key: string): void => void attempt(() => sessionStorage.removeItem(PREFIX + key)),
};

/** Values of this browser. */
export const browser = {
  read: (key: string): string | null => attempt(() => localStorage.getItem(PREFIX + key)),
  write: (key: string, value: string): void => void attempt(() => localStorage.setItem(PREFIX + key, value)),
  drop: (key: string): void => void attempt(() => localStorage.removeItem(PREFIX + key)),
  /** Says whether an event of the storage is about a key; null is about all. */
  isKey: (stored: string | null, key: string): boolean => stored === null || stored === PREFIX + key,
};
