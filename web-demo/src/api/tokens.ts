/**
 * The tokens of a session: shared by every tab of the browser, and refreshed by one of them for all.
 *
 * A refresh token is worth one successor. Two tabs that refresh on their own would each think the other a thief, and so
 * would the server; so whoever refreshes holds a lock that all tabs share, and looks first whether another was faster.
 * When an answer is lost, the same token is shown again: the server gives the same successor until somebody uses it.
 */
import { ApiError, NoAnswerError } from './errors';

export interface Tokens {
  access: string;
  refresh: string;
  /** When the access token ends, in milliseconds of this device's clock. */
  endsAt: number;
}

/** What the tabs of a browser have in common, and the way to the server. */
export interface Ports {
  read: () => Tokens | null;
  write: (tokens: Tokens | null) => void;
  /** What the last holder of the lock left, also when `read` lags behind. */
  readLeft: () => Promise<Tokens | null>;
  /** Leaves tokens to the next holder of the lock. */
  leave: (tokens: Tokens) => Promise<void>;
  /** Runs work while no other tab runs any. */
  exclusively: <T>(work: () => Promise<T>) => Promise<T>;
  /** Gets the successor of a refresh token. */
  exchange: (refresh: string) => Promise<Tokens>;
  now: () => number;
}

/** A token that ends so soon is replaced before it is shown. */
const SOON_MS = 30_000;
/** How often one token is shown when answers are lost. */
const ATTEMPTS = 3;

export class SharedTokens {
  constructor(private readonly ports: Ports) {}

  /** The tokens that all tabs have now. */
  current(): Tokens | null {
    return this.ports.read();
  }

  replace(tokens: Tokens | null): void {
    this.ports.write(tokens);
  }

  /** An access token that is good for a while; null when nobody is signed in, or no longer. */
  async access(): Promise<string | null> {
    const tokens = this.current();
    if (tokens === null || !this.endsSoon(tokens)) return tokens?.access ?? null;
    try {
      return await this.renew(tokens.access);
    } catch (cause) {
      // Without an answer the old one may do for a while; if not, the server says so.
      if (cause instanceof NoAnswerError || cause instanceof ApiError) return tokens.access;
      throw cause;
    }
  }

  /** Replaces an access token that was refused or ends soon; null when the session is over. */
  renew(access: string): Promise<string | null> {
    return this.ports.exclusively(async () => {
      const tokens = await this.newest();
      if (tokens === null) return null;
      // Another tab was faster.
      if (tokens.access !== access) return tokens.access;
      try {
        const next = await this.exchange(tokens.refresh);
        await this.ports.leave(next);
        // Whoever signed out or in meanwhile is not overruled.
        if (isSameSession(this.current(), next)) this.ports.write(next);
        return this.current()?.access ?? null;
      } catch (cause) {
        if (!(cause instanceof ApiError) || cause.status !== 401) throw cause;
        if (isSameSession(this.current(), tokens)) this.ports.write(null);
        return null;
      }
    });
  }

  /** The tokens as the last holder of the lock left them. */
  private async newest(): Promise<Tokens | null> {
    const left = await this.ports.readLeft();
    const known = this.current();
    if (known === null || left === null || left.refresh === known.refresh) return known;
    if (!isSameSession(known, left)) return known;
    this.ports.write(left);
    return left;
  }

  private endsSoon(tokens: Tokens): boolean {
    return tokens.endsAt - this.ports.now() < SOON_MS;
  }

  /** Shows the same token again as long as answers are lost. */
  private async exchange(refresh: string): Promise<Tokens> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await this.ports.exchange(refresh);
      } catch (cause) {
        if (!(cause instanceof NoAnswerError) || attempt === ATTEMPTS) throw cause;
      }
    }
  }
}

/** Says whether two pairs belong to one session: then the first bytes of their refresh tokens are the same. */
export function isSameSession(a: Tokens | null, b: Tokens | null): boolean {
  const family = (tokens: Tokens | null): string | null =>
    tokens?.refresh.slice(0, FAMILY_CHARACTERS) ?? null;
  return family(a) === family(b);
}

/** `pfr_` and 24 bytes in base64. */
const FAMILY_CHARACTERS = 4 + 32;
