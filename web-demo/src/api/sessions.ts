/** The sessions of the signed-in person, one function for each call. */
import type { DeviceSession } from '../account/session';
import { toDeviceSession } from '../account/session';
import { get, remove } from './client';
import type * as wire from './types';

/** How many are shown: those used last. */
export const SESSIONS_SHOWN = 100;

export async function fetchSessions(): Promise<DeviceSession[]> {
  const path = `/api/v1/sessions/user/me?limit=${SESSIONS_SHOWN}`;
  return (await get<wire.DeviceSessionList>(path)).data.map(toDeviceSession);
}

export async function endOneSession(id: string): Promise<void> {
  await remove(`/api/v1/sessions/${id}`, { body: {} });
}

/** Ends every session but this one; says how many. */
export async function endOtherSessions(): Promise<number> {
  const body = { exceptCurrent: true };
  return (await remove<wire.Done>('/api/v1/sessions/user/me/all', { body })).count ?? 0;
}
