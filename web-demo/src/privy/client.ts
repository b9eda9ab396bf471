/** Privy's own library, for one sign-in by e-mail. Nothing of it outlives the page: its tokens stay in memory. */
import Privy, { InMemoryCache } from '@privy-io/js-sdk-core';
import { newKey } from '../state/attempt';

/** Where a Privy app is. */
export interface PrivyApp {
  appId: string;
  authUrl: string;
}

/** What Privy gives to somebody who has typed the right code. */
export interface PrivyProof {
  access: string;
  /** Tells the server who they are; not every app gives one. */
  identity: string | null;
}

/** The way of an e-mail address to a proof. */
export interface EmailSignIn {
  sendCode: (email: string) => Promise<void>;
  /** Shows the code. */
  proof: (email: string, code: string) => Promise<PrivyProof>;
}

const ignore = (): void => undefined;

/** Two options more than its types tell of; Privy's own libraries for other platforms use them too. */
type Options = ConstructorParameters<typeof Privy>[0] & {
  baseUrl: string;
  crypto: { randomUUID: () => string };
};

export function emailSignIn({ appId, authUrl }: PrivyApp): EmailSignIn {
  const options: Options = {
    appId,
    baseUrl: authUrl,
    storage: new InMemoryCache(),
    sessions: { cookieWriteBehavior: 'never' },
    // `crypto.randomUUID` exists only on https and loopback.
    crypto: { randomUUID: newKey },
    // What goes wrong is thrown as well, and told where somebody reads it.
    logger: { level: 'NONE', error: ignore, warn: ignore, info: ignore, debug: ignore },
  };
  const privy = new Privy(options);
  return {
    sendCode: async (email) => {
      await privy.auth.email.sendCode(email);
    },
    proof: async (email, code) => {
      await privy.auth.email.loginWithCode(email, code);
      const access = await privy.getAccessToken();
      if (access === null) throw new Error('Privy took the code, but gave no proof of it.');
      return { access, identity: await privy.getIdentityToken() };
    },
  };
}
