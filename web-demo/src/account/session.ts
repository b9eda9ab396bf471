/** Sessions as this page shows them. */
import type { ApiDeviceSession } from '../api/types';
import { shortKey } from './key';

export interface DeviceSession {
  id: string;
  /** What it runs on, as it said itself. */
  device: string;
  platform: string;
  /** The key that signed in; null where another session made this one. */
  key: string | null;
  address: string | null;
  since: string;
  /** Give or take five minutes. */
  lastUsed: string;
  isThis: boolean;
}

const PLATFORMS: Readonly<Record<string, string>> = { web: 'web', ios: 'iOS', android: 'Android' };

export function toDeviceSession(wire: ApiDeviceSession): DeviceSession {
  const platform = PLATFORMS[wire.platform] ?? wire.platform;
  return {
    id: wire.id,
    device: wire.deviceName ?? wire.deviceModel ?? wire.deviceId ?? 'A device without a name',
    platform: wire.osVersion == null ? platform : `${platform} ${wire.osVersion}`,
    key: wire.key == null ? null : shortKey(wire.key),
    address: wire.ipAddress ?? null,
    since: wire.createdAt,
    lastUsed: wire.lastActivityAt,
    isThis: wire.isCurrent,
  };
}
