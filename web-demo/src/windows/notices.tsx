/** What one wants to be told, by which way, and when not. */
import type { JSX, TargetedEvent } from 'preact';
import type { Preferences, Switch } from '../account/preferences';
import { browserZone, quietAt, zones } from '../account/preferences';
import { deviceOnline } from '../state/connection';
import {
  change,
  forgetPreferences,
  loadPreferences,
  preferences,
  preferencesNotice,
  preferencesProblem,
  savePreferences,
  saving,
  shownPreferences,
  turn,
  unsaved,
} from '../state/preferences';
import { now } from '../state/start';
import { LoadState, Notice } from '../ui/notice';

export function NoticesPanel(): JSX.Element {
  const shown = shownPreferences.value;
  return (
    <>
      <LoadState state={preferences.value} what="notices" retry={() => void loadPreferences()} />
      {shown === null ? null : <NoticesForm shown={shown} />}
    </>
  );
}

function NoticesForm({ shown }: { shown: Preferences }): JSX.Element {
  const blocked = saving.value || !deviceOnline.value;
  const notice = preferencesNotice.value;
  const submit = (event: TargetedEvent<HTMLFormElement>): void => {
    event.preventDefault();
    if (!blocked) void savePreferences();
  };
  return (
    <form onSubmit={submit} noValidate aria-label="Notices">
      <p class="muted">
        What you wish for is kept here, and whatever sends asks it first. This server itself sends nothing
        yet: no push, no e-mail, no text messages.
      </p>
      <fieldset>
        <legend>Ways</legend>
        <Check name="pushEnabled" label="Push" shown={shown} />
        <Check name="emailEnabled" label="E-mail" shown={shown} />
        <Check name="smsEnabled" label="Text messages" shown={shown} />
      </fieldset>
      <fieldset>
        <legend>Subjects</legend>
        <Check name="transactionNotifications" label="Your money" shown={shown} />
        <Check name="securityAlerts" label="Sign-ins, keys and sessions" shown={shown} />
        <Check name="productUpdates" label="What is new" shown={shown} />
        <Check name="marketingUpdates" label="Advertisement" shown={shown} />
      </fieldset>
      <fieldset>
        <legend>Quiet hours</legend>
        <Check name="quietHoursEnabled" label="Be quiet at certain hours" shown={shown} />
        {shown.switches.quietHoursEnabled ? <QuietFields shown={shown} /> : null}
      </fieldset>
      <QuietNow />
      <p class="problem" role="status">
        {preferencesProblem.value}
      </p>
      <div class="actions">
        <button
          type="submit"
          class="primary"
          aria-disabled={blocked || unsaved.value === null || preferencesProblem.value !== null}
        >
          {saving.value ? 'Saving…' : 'Save'}
        </button>
        <button type="button" disabled={blocked} onClick={() => void forgetPreferences()}>
          Back to the defaults
        </button>
      </div>
      <div role="status">
        {notice === null ? null : (
          <Notice tone={notice.tone === 'info' ? 'good' : notice.tone}>
            <p>{notice.text}</p>
          </Notice>
        )}
      </div>
    </form>
  );
}

interface CheckProps {
  name: Switch;
  label: string;
  shown: Preferences;
}

function Check({ name, label, shown }: CheckProps): JSX.Element {
  return (
    <label class="check">
      <input
        type="checkbox"
        checked={shown.switches[name]}
        disabled={saving.value}
        onChange={(event) => turn(name, event.currentTarget.checked)}
      />
      {label}
    </label>
  );
}

function QuietFields({ shown }: { shown: Preferences }): JSX.Element {
  const time = (name: 'start' | 'end', label: string): JSX.Element => (
    <label>
      <span>{label}</span>
      <input
        type="time"
        class="time"
        step={shown[name].length > 5 ? 1 : 60}
        value={shown[name]}
        aria-invalid={shown[name] === ''}
        onChange={(event) => change({ ...shown, [name]: event.currentTarget.value })}
      />
    </label>
  );
  return (
    <>
      <div class="hours">
        {time('start', 'From')}
        {time('end', 'until')}
      </div>
      <label class="zone">
        On the clock of
        <select
          value={shown.zone}
          onChange={(event) => change({ ...shown, zone: event.currentTarget.value })}
        >
          {zones(shown.zone, browserZone()).map((zone) => (
            <option key={zone} value={zone}>
              {zone}
            </option>
          ))}
        </select>
      </label>
      {shown.start === shown.end && shown.start !== '' ? (
        <p class="muted">They end when they begin, so there are none.</p>
      ) : (
        <p class="muted">
          What comes meanwhile waits until they end. Security alerts, and questions that need your approval,
          do not wait.
        </p>
      )}
    </>
  );
}

/** Whether it is quiet now, by what was saved. */
function QuietNow(): JSX.Element | null {
  const saved = preferences.value.value;
  const state = saved === null ? null : quietAt(saved, now.value);
  if (saved === null || state === null) return null;
  return (
    <p id="quiet-now">
      {state.now ? (
        <>
          <strong>It is quiet now</strong>, until {state.next} on the clock of {saved.zone}.
        </>
      ) : (
        <>
          It is not quiet now; it will be from {state.next} on the clock of {saved.zone}.
        </>
      )}
    </p>
  );
}
