/** What happens to the signed-in person, as it happens. */
import { getStream, successor } from './client';
import { readEvents } from './events';
import type { ServerEvent } from './events';
import type { Sats } from '../lightning/model';
import { toStreamedSats } from '../lightning/model';
import type { Balance, Granted } from './model';
import { toBalance, toGranted } from './model';
import type * as wire from './types';

export interface OwnListener {
  opened: () => void;
  /** Something arrived, if only a sign of life. */
  alive: () => void;
  balances: (list: Balance[]) => void;
  sats: (held: Sats) => void;
  /** Something became of a deposit or a withdrawal. */
  payment: (moved: Moved) => void;
  granted: (news: Granted) => void;
  /** A key was linked or removed. */
  keysChanged: () => void;
  /** Where to go on after everything that came so far. */
  position: (id: string) => void;
}

/** Which deposit or withdrawal an event is about. */
export interface Moved {
  kind: 'deposit' | 'withdrawal';
  id: string;
}

/** The server says three times a minute that it is there. */
const SILENT_MS = 50_000;

/** Follows the stream until it ends; what has to be told to a person is thrown. */
export async function followOwnStream(
  after: string | null,
  signal: AbortSignal,
  listener: OwnListener,
): Promise<void> {
  const { body, token } = await getStream('/api/me/stream', after, signal);
  listener.opened();
  const take = (event: ServerEvent): void => {
    // An end may be that of the token alone; then the stream is opened again with the next one.
    if (event.name === 'end') void successor(token, codeOf(event)).catch(() => undefined);
    else tell(event, listener);
    if (event.id !== '') listener.position(event.id);
  };
  await readEvents(body, SILENT_MS, take, () => listener.alive());
}

const codeOf = ({ data }: ServerEvent): string | null => (JSON.parse(data) as { code?: string }).code ?? null;

/** Kinds that this page does not know yet are passed over. */
function tell({ name, data }: ServerEvent, listener: OwnListener): void {
  if (name === 'balances') {
    const { items, btc } = JSON.parse(data) as wire.Holdings;
    listener.balances(items.map(toBalance));
    if (btc != null) listener.sats(toStreamedSats(btc));
  }
  if (name === 'balance.granted') listener.granted(toGranted(JSON.parse(data) as wire.ApiGranted));
  if (name.startsWith('identity.')) listener.keysChanged();
  const moved = /^(deposit|withdrawal)\./.test(name)
    ? movedOf(JSON.parse(data) as wire.ApiPaymentEvent)
    : null;
  if (moved !== null) listener.payment(moved);
}

function movedOf({ data }: wire.ApiPaymentEvent): Moved | null {
  if (data.invoice_id !== undefined) return { kind: 'deposit', id: data.invoice_id };
  return data.withdrawal_id === undefined ? null : { kind: 'withdrawal', id: data.withdrawal_id };
}
