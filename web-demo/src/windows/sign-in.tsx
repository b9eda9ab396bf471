/** Sign in with an extension, a throw-away key or an e-mail address; once signed in, one's account. */
import type { JSX } from 'preact';
import { core } from '../state/core';
import { privyApp } from '../state/privy';
import { isDemo } from '../state/server';
import { session, signIn, signInWithPrivy } from '../state/session';
import { extensionFound, extensionSigner } from '../state/signer';
import { Notice } from '../ui/notice';
import { Window } from '../ui/window';
import { SignedIn } from './account';
import { EmailWay } from './email';
import { ThrowAway } from './throw-away';

export function SignInWindow(): JSX.Element {
  const current = session.value;
  return (
    <Window id="account" title={current.phase === 'in' ? 'Account' : 'Sign in'} icon="key">
      <div role="status">
        {current.phase === 'signing' ? <p class="busy">{current.step}</p> : null}
        {current.phase === 'resuming' ? <p class="busy">Looking for your session…</p> : null}
        {current.phase === 'out' && current.notice !== null ? (
          <Notice tone={current.notice.tone}>
            <p>{current.notice.text}</p>
          </Notice>
        ) : null}
      </div>
      {current.phase === 'in' ? <SignedIn user={current.user} /> : <SignInWays />}
    </Window>
  );
}

function SignInWays(): JSX.Element {
  const busy = session.value.phase !== 'out' || core.value.phase !== 'ready';
  const withPrivy = privyApp.value !== null;
  return (
    <>
      <p>
        {withPrivy
          ? 'Prove a Nostr key by a signature, or an e-mail address by a code. There is no password.'
          : 'Prove a Nostr key by a signature. There is no password and no e-mail.'}
      </p>
      <h3>With your extension</h3>
      {extensionFound.value ? (
        <button
          type="button"
          class="primary wide"
          disabled={busy}
          onClick={() => void signIn(extensionSigner)}
        >
          Sign in with extension
        </button>
      ) : (
        <p class="muted">
          No Nostr extension answers in this page. One that speaks NIP-07, such as Alby or nos2x, is found as
          soon as it is there; your key stays in it.
        </p>
      )}
      {withPrivy ? (
        <>
          <h3>With your e-mail address</h3>
          <EmailWay
            open="Sign in by e-mail"
            finish="Sign in with the code"
            busy={session.value.phase !== 'out'}
            use={signInWithPrivy}
          />
        </>
      ) : null}
      <h3>With a throw-away key</h3>
      <ThrowAway busy={busy} />
      {isDemo.value ? <p class="muted">This is a demo server: its tokens are worth nothing.</p> : null}
    </>
  );
}
