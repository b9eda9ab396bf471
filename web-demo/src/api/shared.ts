/** The tokens of this browser: in its storage, under a lock of its own. */
import { readLedge, writeLedge } from '../state/ledge';
import { browser } from '../state/storage';
import type { Tokens } from './tokens';

const STORED = 'session';
const LOCK = 'postfun.refresh';

/** Holds the tokens where the browser keeps nothing: then this tab is alone. */
let alone: Tokens | null = null;

export function readTokens(): Tokens | null {
  return parseTokens(browser.read(STORED)) ?? alone;
}

export function writeTokens(tokens: Tokens | null): void {
  alone = null;
  if (tokens === null) {
    void writeLedge(null);
    return browser.drop(STORED);
  }
  browser.write(STORED, JSON.stringify(tokens));
  if (readTokens()?.refresh !== tokens.refresh) alone = tokens;
}

/** What the last holder of the lock left. */
export async function readLeft(): Promise<Tokens | null> {
  return parseTokens(await readLedge());
}

/** Leaves tokens to the next holder of the lock. */
export function leaveTokens(tokens: Tokens): Promise<void> {
  return writeLedge(JSON.stringify(tokens));
}

/** Web Locks exist on secure pages only; elsewhere work waits in this tab alone. */
export function exclusively<T>(work: () => Promise<T>): Promise<T> {
  if ('locks' in navigator) return navigator.locks.request(LOCK, work) as Promise<T>;
  const turn = last.then(work, work);
  last = turn.catch(() => undefined);
  return turn;
}

let last: Promise<unknown> = Promise.resolve();

/** Hears of tokens that another tab replaced. */
export function onTokensElsewhere(listener: (before: Tokens | null, now: Tokens | null) => void): void {
  addEventListener('storage', (event) => {
    if (browser.isKey(event.key, STORED)) listener(parseTokens(event.oldValue), readTokens());
  });
}

function parseTokens(text: string | null): Tokens | null {
  try {
    const { access, refresh, endsAt } = JSON.parse(text ?? 'null') as Record<string, unknown>;
    const isWhole = typeof access === 'string' && typeof refresh === 'string' && typeof endsAt === 'number';
    return isWhole ? { access, refresh, endsAt } : null;
  } catch {
    return null;
  }
}
