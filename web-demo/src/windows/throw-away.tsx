/** The throw-away key: make it, keep it, copy it, forget it. */
import type { JSX } from 'preact';
import type { ThrowAwayKey } from '../state/key';
import { forgetKey, keepKey, makeKey, secretHex, throwAwayKey } from '../state/key';
import { signIn } from '../state/session';
import { throwAwaySigner } from '../state/signer';
import { CopyButton } from '../ui/copy';
import { shorten } from '../ui/format';

/** Before sign-in: make a key and sign in with it. */
export function ThrowAway({ busy }: { busy: boolean }): JSX.Element {
  const key = throwAwayKey.value;
  if (key === null) {
    return (
      <>
        <p class="muted">Made and signed with in this page; good for a look around.</p>
        <button type="button" class="wide" disabled={busy} onClick={makeKey}>
          Make a throw-away key
        </button>
      </>
    );
  }
  return (
    <>
      <p>
        <code title={key.npub}>{shorten(key.npub, 12, 6)}</code>
      </p>
      <button
        type="button"
        class="primary wide"
        disabled={busy}
        onClick={() => void signIn(throwAwaySigner(key))}
      >
        Sign in with this key
      </button>
      <KeyCare of={key} open />
    </>
  );
}

interface KeyCareProps {
  of: ThrowAwayKey;
  open: boolean;
  title?: string;
}

/** What can be done with the key besides signing in. */
export function KeyCare({ of: key, open, title = 'About this key' }: KeyCareProps): JSX.Element {
  return (
    <details open={open}>
      <summary>{title}</summary>
      <label class="check">
        <input
          type="checkbox"
          checked={key.kept}
          onChange={(event) => keepKey(event.currentTarget.checked)}
        />
        Keep it in this tab when the page is reloaded
      </label>
      <p class="muted">
        {key.kept
          ? 'It stays until the tab is closed. Other scripts of this site could read it.'
          : 'Only this page’s memory holds it: a reload loses it, and with it the way to its tokens.'}
      </p>
      <div class="actions">
        <CopyButton label="Copy secret key" text={() => secretHex(key)} />
        <button type="button" onClick={forgetKey}>
          Forget it
        </button>
      </div>
    </details>
  );
}
