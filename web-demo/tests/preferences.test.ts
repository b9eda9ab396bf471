import { expect, test } from 'vitest';
import type { Preferences } from '../src/account/preferences';
import { changesOf, draftProblem, quietAt, toPreferences, turned, zones } from '../src/account/preferences';
import type { ApiPreferences } from '../src/api/types';

const wire: ApiPreferences = {
  id: '01',
  userId: '02',
  pushEnabled: true,
  emailEnabled: true,
  smsEnabled: false,
  transactionNotifications: true,
  securityAlerts: true,
  marketingUpdates: false,
  productUpdates: true,
  quietHoursEnabled: false,
  quietHoursStart: null,
  quietHoursEnd: null,
  timezone: 'UTC',
  createdAt: '2026-11-21T10:00:00.000Z',
  updatedAt: '2026-11-21T10:00:00.000Z',
};
const defaults = toPreferences(wire);

function quiet(start: string, end: string, zone = 'UTC'): Preferences {
  return { ...defaults, switches: { ...defaults.switches, quietHoursEnabled: true }, start, end, zone };
}

test('seconds are shown only where they say something', () => {
  const { start, end } = toPreferences({
    ...wire,
    quietHoursStart: '22:00:00',
    quietHoursEnd: '06:59:59',
  });
  expect([start, end]).toEqual(['22:00', '06:59:59']);
  expect([defaults.start, defaults.end]).toEqual(['', '']);
});

test('only what differs is sent, and nothing when nothing does', () => {
  expect(changesOf(defaults, defaults)).toBeNull();
  const there = turned(defaults, 'marketingUpdates', true, 'Europe/Berlin');
  expect(changesOf(defaults, there)).toEqual({ marketingUpdates: true });
  expect(changesOf(defaults, turned(there, 'marketingUpdates', false, 'Europe/Berlin'))).toBeNull();
  expect(changesOf(quiet('22:00', '07:00'), { ...quiet('22:00', ''), zone: 'Asia/Tokyo' })).toEqual({
    quietHoursEnd: null,
    timezone: 'Asia/Tokyo',
  });
});

test('the first quiet hours are a night where the browser is; later ones are as they were left', () => {
  const first = turned(defaults, 'quietHoursEnabled', true, 'Europe/Berlin');
  expect(changesOf(defaults, first)).toEqual({
    quietHoursEnabled: true,
    quietHoursStart: '22:00',
    quietHoursEnd: '07:00',
    timezone: 'Europe/Berlin',
  });
  const off = turned(quiet('13:00', '14:00', 'Asia/Tokyo'), 'quietHoursEnabled', false, 'Europe/Berlin');
  expect(turned(off, 'quietHoursEnabled', true, 'Europe/Berlin')).toEqual(
    quiet('13:00', '14:00', 'Asia/Tokyo'),
  );
});

test('quiet hours need both ends', () => {
  expect(draftProblem(quiet('', '07:00'))).toBe('Say when the quiet hours begin.');
  expect(draftProblem(quiet('22:00', ''))).toBe('Say when the quiet hours end.');
  expect(draftProblem(quiet('22:00', '07:00'))).toBeNull();
  expect(draftProblem(defaults)).toBeNull();
});

const at = (text: string): number => Date.parse(text);

test('it is quiet from the start on, up to and without the end, over midnight too', () => {
  const night = quiet('22:00', '07:00');
  const on = { now: true, next: '07:00' };
  const off = { now: false, next: '22:00' };
  expect(quietAt(night, at('2026-01-01T21:59:59Z'))).toEqual(off);
  expect(quietAt(night, at('2026-01-01T22:00:00Z'))).toEqual(on);
  expect(quietAt(night, at('2026-01-02T00:00:00Z'))).toEqual(on);
  expect(quietAt(night, at('2026-01-02T06:59:59Z'))).toEqual(on);
  expect(quietAt(night, at('2026-01-02T07:00:00Z'))).toEqual(off);
  expect(quietAt(quiet('13:00', '14:00:30'), at('2026-01-01T14:00:29Z'))?.now).toBe(true);
});

test('the clock is that of the zone, in summer as in winter', () => {
  const berlin = quiet('22:00', '07:00', 'Europe/Berlin');
  expect(quietAt(berlin, at('2026-01-01T20:30:00Z'))?.now).toBe(false);
  expect(quietAt(berlin, at('2026-07-01T20:30:00Z'))?.now).toBe(true);
  expect(quietAt(quiet('00:00', '00:30', 'Asia/Kathmandu'), at('2026-01-01T18:20:00Z'))?.now).toBe(true);
});

test('there are no quiet hours when they are off, end as they begin, or are on no clock', () => {
  expect(quietAt({ ...quiet('22:00', '07:00'), switches: defaults.switches }, 0)).toBeNull();
  expect(quietAt(quiet('22:00', '22:00'), 0)).toBeNull();
  expect(quietAt(quiet('22:00', '07:00', 'Mars/Olympus'), 0)).toBeNull();
  expect(quietAt(quiet('22:00', ''), 0)).toBeNull();
});

test('the zones are those of the browser, and whatever is in use', () => {
  const list = zones('Asia/Kolkata', 'UTC', 'Moon/Base');
  expect(list).toContain('Europe/Berlin');
  expect(list.filter((zone) => zone === 'UTC')).toHaveLength(1);
  expect(list).toEqual([...list].sort());
  expect(list).toContain('Moon/Base');
});
