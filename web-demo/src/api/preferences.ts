/** What the signed-in person wants to be told, one function for each call. */
import type { Preferences } from '../account/preferences';
import { toPreferences } from '../account/preferences';
import { get, post, put } from './client';
import type * as wire from './types';

const OWN = '/api/v1/notifications/preferences/me';
const AS_CLOCKS = '?times=clock';

const read = ({ data }: wire.PreferencesAnswer): Preferences => toPreferences(data);

export const fetchPreferences = async (): Promise<Preferences> =>
  read(await get<wire.PreferencesAnswer>(OWN + AS_CLOCKS));

/** Changes what is named; everything else stays. */
export const changePreferences = async (body: wire.PreferencesBody): Promise<Preferences> =>
  read(await put<wire.PreferencesAnswer>(OWN + AS_CLOCKS, { body }));

export const resetPreferences = async (): Promise<Preferences> =>
  read(await post<wire.PreferencesAnswer>(`${OWN}/reset${AS_CLOCKS}`));
