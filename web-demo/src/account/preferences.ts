/** What a person wants to be told, by which way, and when not; read from the server and changed in a draft. */
import type { ApiPreferences, PreferencesBody } from '../api/types';

export const SWITCHES = [
  'pushEnabled',
  'emailEnabled',
  'smsEnabled',
  'transactionNotifications',
  'securityAlerts',
  'marketingUpdates',
  'productUpdates',
  'quietHoursEnabled',
] as const;

export type Switch = (typeof SWITCHES)[number];

export interface Preferences {
  switches: Record<Switch, boolean>;
  /** On the clock of the zone, as `HH:MM` or `HH:MM:SS`; empty when there is none. */
  start: string;
  /** The first moment that is no longer quiet. */
  end: string;
  zone: string;
}

/** What quiet hours begin as when there are none yet. */
const NIGHT = { start: '22:00', end: '07:00' };

export function toPreferences(wire: ApiPreferences): Preferences {
  const switches = Object.fromEntries(SWITCHES.map((name) => [name, wire[name]]));
  return {
    switches: switches as Record<Switch, boolean>,
    start: clock(wire.quietHoursStart),
    end: clock(wire.quietHoursEnd),
    zone: wire.timezone,
  };
}

/** Cuts seconds off that say nothing. */
const clock = (text: string | null | undefined): string => (text ?? '').replace(/^(\d\d:\d\d):00$/, '$1');

/** Turns a switch; quiet hours that are turned on for the first time are a night where the browser is. */
export function turned(draft: Preferences, name: Switch, on: boolean, browserZone: string): Preferences {
  const switches = { ...draft.switches, [name]: on };
  const isFirst = name === 'quietHoursEnabled' && on && draft.start === '' && draft.end === '';
  return isFirst ? { switches, ...NIGHT, zone: browserZone } : { ...draft, switches };
}

/** What differs from what the server has; null when nothing does. */
export function changesOf(saved: Preferences, draft: Preferences): PreferencesBody | null {
  const changes: PreferencesBody = {};
  for (const name of SWITCHES)
    if (saved.switches[name] !== draft.switches[name]) changes[name] = draft.switches[name];
  if (saved.start !== draft.start) changes.quietHoursStart = draft.start === '' ? null : draft.start;
  if (saved.end !== draft.end) changes.quietHoursEnd = draft.end === '' ? null : draft.end;
  if (saved.zone !== draft.zone) changes.timezone = draft.zone;
  return Object.keys(changes).length === 0 ? null : changes;
}

/** What keeps a draft from being saved, as a sentence. */
export function draftProblem({ switches, start, end }: Preferences): string | null {
  if (!switches.quietHoursEnabled || (start !== '' && end !== '')) return null;
  return start === '' ? 'Say when the quiet hours begin.' : 'Say when the quiet hours end.';
}

/** Whether it is quiet at a time, and when that changes next on the zone's clock; null without quiet hours. */
export interface Quiet {
  now: boolean;
  /** Until when it is quiet, or from when on. */
  next: string;
}

const DAY_S = 24 * 60 * 60;

export function quietAt({ switches, start, end, zone }: Preferences, atMs: number): Quiet | null {
  const [from, to, now] = [secondOf(start), secondOf(end), secondInZone(zone, atMs)];
  if (!switches.quietHoursEnabled || from === null || to === null || from === to || now === null) return null;
  const isQuiet = (now - from + DAY_S) % DAY_S < (to - from + DAY_S) % DAY_S;
  return { now: isQuiet, next: isQuiet ? end : start };
}

function secondOf(text: string): number | null {
  const [, hours, minutes, seconds = '0'] = /^(\d\d):(\d\d)(?::(\d\d))?$/.exec(text) ?? [];
  if (hours === undefined || minutes === undefined) return null;
  return (Number(hours) * 60 + Number(minutes)) * 60 + Number(seconds);
}

/** What the clock of a zone shows; null when the browser does not know the zone. */
function secondInZone(zone: string, atMs: number): number | null {
  try {
    const options = { timeZone: zone, timeStyle: 'medium', hourCycle: 'h23' } as const;
    return secondOf(new Intl.DateTimeFormat('en-GB', options).format(atMs));
  } catch {
    return null;
  }
}

export const browserZone = (): string => Intl.DateTimeFormat().resolvedOptions().timeZone;

/** The zones to choose from: those that the browser knows, and those that are in use here. */
export function zones(...used: string[]): string[] {
  return [...new Set([...Intl.supportedValuesOf('timeZone'), 'UTC', ...used])].sort();
}
