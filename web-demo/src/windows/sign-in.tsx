/** Sign in with an extension or a throw-away key; once signed in, who one is. */
import type { JSX } from 'preact';
import type { User } from '../api/types';
import { core } from '../state/core';
import { throwAwayKey } from '../state/key';
import { isDemo } from '../state/server';
import { session, signIn, signOut } from '../state/session';
import { extensionFound, extensionSigner } from '../state/signer';
import { CopyButton } from '../ui/copy';
import { shorten } from '../ui/format';
import { Notice } from '../ui/notice';
import { Window } from '../ui/window';
import { KeyCare, ThrowAway } from './throw-away';

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
  return (
    <>
      <p>Prove a Nostr key by a signature. There is no password and no e-mail.</p>
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
      <h3>With a throw-away key</h3>
      <ThrowAway busy={busy} />
      {isDemo.value ? <p class="muted">This is a demo server: its tokens are worth nothing.</p> : null}
    </>
  );
}

function SignedIn({ user }: { user: User }): JSX.Element {
  const key = throwAwayKey.value;
  const npub = user.npub ?? null;
  return (
    <>
      <p>
        Signed in as <strong>{user.display_name ?? `user ${user.id}`}</strong>
        {user.is_admin ? ', an administrator' : ''}.
      </p>
      {npub === null ? null : (
        <p>
          <code title={npub}>{shorten(npub, 12, 6)}</code>
        </p>
      )}
      <div class="actions">
        {npub === null ? null : <CopyButton label="Copy npub" text={() => npub} />}
        <button type="button" onClick={() => void signOut()}>
          Sign out
        </button>
      </div>
      {key !== null && key.pubkey === user.pubkey ? <KeyCare of={key} open={false} /> : null}
    </>
  );
}
