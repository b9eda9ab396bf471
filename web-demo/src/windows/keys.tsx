/** The keys that sign in to one's account. */
import type { JSX } from 'preact';
import { useLayoutEffect, useRef } from 'preact/hooks';
import type { AccountKey } from '../account/key';
import { keyText, kindName, shortKey, shortText } from '../account/key';
import { deviceOnline } from '../state/connection';
import { throwAwayKey } from '../state/key';
import { changeState, removeKey } from '../state/key-change';
import { keys, loadKeys } from '../state/keys';
import { user } from '../state/session';
import { clockTime } from '../ui/format';
import { LoadState, Notice } from '../ui/notice';
import { Change } from './key-change';
import { KeyCare } from './throw-away';

export function KeysPanel(): JSX.Element {
  const list = keys.value.value;
  const own = throwAwayKey.value;
  return (
    <>
      <LoadState state={keys.value} what="keys" retry={() => void loadKeys()} />
      {list === null ? null : <KeyList list={list} />}
      <Progress />
      {list === null ? null : <Change state={changeState.value} list={list} />}
      {own === null || own.pubkey === user.value?.pubkey ? null : (
        <KeyCare of={own} open={false} title="About the throw-away key of this page" />
      )}
    </>
  );
}

/** What is being done, and what came of it. The button that began it is gone by then, so the focus comes here. */
function Progress(): JSX.Element {
  const state = changeState.value;
  const notice = state.phase === 'idle' ? state.notice : null;
  const region = useRef<HTMLDivElement>(null);
  useLayoutEffect(() => {
    if (region.current?.hasChildNodes() && document.activeElement === document.body) region.current.focus();
  }, [state]);
  return (
    <div role="status" ref={region} tabIndex={-1}>
      {'step' in state ? <p class="busy">{state.step}</p> : null}
      {notice === null ? null : (
        <Notice tone={notice.tone === 'info' ? 'good' : notice.tone}>
          <p>{notice.text}</p>
        </Notice>
      )}
    </div>
  );
}

function KeyList({ list }: { list: AccountKey[] }): JSX.Element {
  const isOnly = list.length === 1;
  return (
    <>
      <ul class="entries" aria-label="Your keys">
        {list.map((key) => (
          <KeyRow key={`${key.kind} ${key.subject}`} of={key} isOnly={isOnly} />
        ))}
      </ul>
      {isOnly ? (
        <p class="muted">
          This is the only key of your account, so it stays. Link another one, and losing one of them does not
          lose what you have.
        </p>
      ) : null}
    </>
  );
}

function KeyRow({ of: key, isOnly }: { of: AccountKey; isOnly: boolean }): JSX.Element {
  return (
    <li>
      <div class="entry-head">
        <span>
          {kindName(key.kind)} <code title={keyText(key)}>{shortText(key)}</code>
        </span>
        {isOnly ? null : (
          <button
            type="button"
            class="small"
            disabled={changeState.value.phase !== 'idle' || !deviceOnline.value}
            onClick={() => void removeKey(key)}
            aria-label={`Remove ${shortKey(key)}`}
          >
            Remove
          </button>
        )}
      </div>
      <span class="sub">
        Linked <time dateTime={key.linkedAt}>{clockTime(key.linkedAt)}</time>, used{' '}
        <time dateTime={key.usedAt}>{clockTime(key.usedAt)}</time>
      </span>
    </li>
  );
}
