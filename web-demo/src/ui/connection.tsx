/** The connection as a lamp with a word. */
import type { JSX } from 'preact';
import type { Connection } from '../state/connection';
import { connection } from '../state/connection';

export const CONNECTION_TEXT: Record<Connection, string> = {
  connecting: 'connecting…',
  online: 'online',
  offline: 'this device is offline',
  unreachable: 'server not reached',
};

export function Lamp(): JSX.Element {
  return (
    <span class={`lamp ${connection.value}`} role="status">
      <span class="bulb" aria-hidden="true" />
      {CONNECTION_TEXT[connection.value]}
    </span>
  );
}
