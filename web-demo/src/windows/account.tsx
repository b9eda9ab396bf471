/** Who one is, and what belongs to that: one part is open at a time, or none. */
import type { JSX } from 'preact';
import type { User } from '../api/types';
import type { Panel } from '../state/account';
import { openPanel, togglePanel } from '../state/account';
import { throwAwayKey } from '../state/key';
import { signOut } from '../state/session';
import { CopyButton } from '../ui/copy';
import { shorten } from '../ui/format';
import { KeysPanel } from './keys';
import { NoticesPanel } from './notices';
import { SessionsPanel } from './sessions';
import { KeyCare } from './throw-away';

export function SignedIn({ user }: { user: User }): JSX.Element {
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
      <Parts />
    </>
  );
}

const PARTS: readonly { panel: Panel; name: string; inside: () => JSX.Element }[] = [
  { panel: 'keys', name: 'Keys', inside: KeysPanel },
  { panel: 'sessions', name: 'Sessions', inside: SessionsPanel },
  { panel: 'notices', name: 'Notices', inside: NoticesPanel },
];

function Parts(): JSX.Element {
  const open = PARTS.find(({ panel }) => panel === openPanel.value);
  return (
    <>
      <div class="ways" role="group" aria-label="Parts of your account">
        {PARTS.map(({ panel, name }) => (
          <button
            key={panel}
            type="button"
            aria-expanded={panel === openPanel.value}
            aria-controls="account-part"
            onClick={() => togglePanel(panel)}
          >
            {name}
          </button>
        ))}
      </div>
      <div id="account-part" class="part" hidden={open === undefined}>
        {open === undefined ? null : <open.inside />}
      </div>
    </>
  );
}
