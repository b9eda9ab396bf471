/** What runs here: versions, connection, and where to read more. */
import type { JSX } from 'preact';
import { clockOffsetSeconds, connection, lastAnswerAt } from '../state/connection';
import { core } from '../state/core';
import { loadServer, server } from '../state/server';
import { clockTime, shorten } from '../ui/format';
import { CONNECTION_TEXT } from '../ui/connection';
import { LoadState } from '../ui/notice';
import { Window } from '../ui/window';

/** A clock further off than this is worth mentioning. */
const CLOCK_OFF_SECONDS = 30;

export function AboutWindow(): JSX.Element {
  return (
    <Window id="about" title="About" icon="about">
      <p>
        The page computes every quote and signs every sign-in itself, with the same code that the server runs,
        and compares each swap’s result to the last unit.
      </p>
      <LoadState state={server.value} what="server facts" retry={() => void loadServer()} />
      <dl class="figures">
        <Line name="Connection" text={CONNECTION_TEXT[connection.value]} />
        <Line name="Last answer" text={lastAnswerAt.value === null ? '–' : clockTime(lastAnswerAt.value)} />
        <Line name="Server" text={serverText()} />
        <Line name="Calculator" text={coreText()} />
        <Line name="Built from" text={commitText()} />
      </dl>
      {Math.abs(clockOffsetSeconds.value) > CLOCK_OFF_SECONDS ? <ClockOff /> : null}
      <ul class="links">
        <li>
          <a href="/apidoc">Description of the HTTP interface</a>
        </li>
        <li>
          Licences of <a href="/licences.txt">the libraries</a> and{' '}
          <a href="/font-licence.txt">the font of the titles</a>
        </li>
      </ul>
    </Window>
  );
}

function Line({ name, text }: { name: string; text: string }): JSX.Element {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{text}</dd>
    </div>
  );
}

function ClockOff(): JSX.Element {
  const seconds = Math.abs(clockOffsetSeconds.value);
  const direction = clockOffsetSeconds.value > 0 ? 'behind' : 'ahead of';
  return (
    <p class="muted">
      This device’s clock is {seconds} seconds {direction} the server’s. The page reckons with the server’s
      time.
    </p>
  );
}

function serverText(): string {
  const config = server.value.value;
  return config === null ? '–' : `${config.name} ${config.version}${config.demo ? ', demo' : ''}`;
}

function coreText(): string {
  const state = core.value;
  if (state.phase === 'loading') return 'loading…';
  return state.phase === 'ready' ? `postfun ${state.version}` : 'did not start';
}

function commitText(): string {
  const state = core.value;
  return state.phase === 'ready' ? shorten(state.commit, 10, 0) : '–';
}
