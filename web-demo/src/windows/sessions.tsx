/** Where one is signed in. */
import type { JSX } from 'preact';
import type { DeviceSession } from '../account/session';
import { SESSIONS_SHOWN } from '../api/sessions';
import { deviceOnline } from '../state/connection';
import {
  ending,
  endTheOthers,
  endThat,
  loadSessions,
  OTHERS,
  sessions,
  sessionsNotice,
} from '../state/sessions';
import { clockTime } from '../ui/format';
import { LoadState, Notice } from '../ui/notice';

export function SessionsPanel(): JSX.Element {
  const list = sessions.value.value;
  const notice = sessionsNotice.value;
  return (
    <>
      <LoadState state={sessions.value} what="sessions" retry={() => void loadSessions()} />
      {list === null ? null : (
        <ul class="entries" aria-label="Your sessions">
          {ordered(list).map((session) => (
            <SessionRow key={session.id} session={session} />
          ))}
        </ul>
      )}
      <div role="status">
        {notice === null ? null : (
          <Notice tone={notice.tone === 'info' ? 'good' : notice.tone}>
            <p>{notice.text}</p>
          </Notice>
        )}
      </div>
      {list === null ? null : <Others count={list.filter(({ isThis }) => !isThis).length} />}
    </>
  );
}

/** This one first; the server sends the others as they were used last. */
function ordered(list: DeviceSession[]): DeviceSession[] {
  return [...list.filter(({ isThis }) => isThis), ...list.filter(({ isThis }) => !isThis)];
}

function SessionRow({ session }: { session: DeviceSession }): JSX.Element {
  const { id, device, platform, key, address, since, lastUsed, isThis } = session;
  return (
    <li>
      <div class="entry-head">
        <bdi>{device}</bdi>
        {isThis ? (
          <span class="tag">this one</span>
        ) : (
          <button
            type="button"
            class="small"
            disabled={ending.value !== null || !deviceOnline.value}
            onClick={() => void endThat(session)}
            aria-label={`End the session on ${device}, last used ${clockTime(lastUsed)}`}
          >
            {ending.value === id ? 'Ending…' : 'End'}
          </button>
        )}
      </div>
      <span class="sub">
        <bdi>{platform}</bdi>
        {address === null ? null : ` from ${address}`}
      </span>
      <span class="sub">{key === null ? 'Opened by another session' : `Signed in with ${key}`}</span>
      <span class="sub">
        Last used <time dateTime={lastUsed}>{clockTime(lastUsed)}</time>, since{' '}
        <time dateTime={since}>{clockTime(since)}</time>
      </span>
    </li>
  );
}

function Others({ count }: { count: number }): JSX.Element {
  if (count === 0) {
    return <p class="muted">You are signed in nowhere else. Names come from the devices themselves.</p>;
  }
  return (
    <>
      <button
        type="button"
        class="wide"
        disabled={ending.value !== null || !deviceOnline.value}
        onClick={() => void endTheOthers()}
      >
        {ending.value === OTHERS ? 'Ending…' : 'End the others'}
      </button>
      <p class="muted">
        Names come from the devices themselves; last use is noted every five minutes.
        {count + 1 < SESSIONS_SHOWN ? '' : ' Shown are those used last; ending the others ends all.'}
      </p>
    </>
  );
}
