import { init } from 'postfun';
import { beforeAll, expect, test } from 'vitest';
import { deviceName } from '../src/account/device';
import { didOf, isSameKey, keyText, shortKey } from '../src/account/key';
import { toDeviceSession } from '../src/account/session';
import { waysToProve } from '../src/account/ways';
import type { ApiDeviceSession } from '../src/api/types';

beforeAll(() => init());

// The key and the npub are those of NIP-19's first example.
const PUBKEY = '7e7e9c42a91bfef19fa929e5fda1b72e0ebc1a4c1141673e2794234d86addf4e';
const NPUB = 'npub10elfcs4fr0l0r8af98jlmgdh9c8tcxjvz9qkw038js35mp4dma8qzvjptg';

test('browsers are named by what is theirs alone', () => {
  const named = {
    'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0': 'Firefox on Linux',
    'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36':
      'Chrome on Windows',
    'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36 Edg/140.0.0.0':
      'Edge on Windows',
    'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Safari/605.1.15':
      'Safari on macOS',
    'Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) CriOS/140.0.0.0 Mobile/15E148 Safari/604.1':
      'Chrome on iPhone',
    'Mozilla/5.0 (Linux; Android 15; SM-S921B) AppleWebKit/537.36 (KHTML, like Gecko) SamsungBrowser/28.0 Chrome/130.0.0.0 Mobile Safari/537.36':
      'Samsung Internet on Android',
    'curl/8.14.1': 'A browser',
  };
  for (const [agent, name] of Object.entries(named)) expect(deviceName(agent)).toBe(name);
  expect(Object.values(named).every((name) => name.length <= 100)).toBe(true);
});

test('keys are written as their own world writes them', () => {
  expect(keyText({ kind: 'nostr', subject: PUBKEY })).toBe(NPUB);
  expect(shortKey({ kind: 'nostr', subject: PUBKEY })).toBe('Nostr npub10el…jptg');
  expect(shortKey({ kind: 'privy', subject: 'did:privy:cm1' })).toBe('Privy cm1');
  expect(shortKey({ kind: 'dream', subject: 'x' })).toBe('dream x');
  // What is no key stays what it is, and is no reason to show nothing.
  expect(keyText({ kind: 'nostr', subject: 'admin' })).toBe('admin');
});

const wire: ApiDeviceSession = {
  id: '01',
  userId: '02',
  platform: 'web',
  isActive: true,
  createdAt: '2026-11-21T10:00:00.000Z',
  lastActivityAt: '2026-11-21T11:00:00.000Z',
  expiresAt: '2026-11-28T10:00:00.000Z',
  version: 1,
  isCurrent: false,
};

test('a session says what it knows of its device, and that it does not', () => {
  expect(toDeviceSession(wire)).toEqual({
    id: '01',
    device: 'A device without a name',
    platform: 'web',
    key: null,
    address: null,
    since: '2026-11-21T10:00:00.000Z',
    lastUsed: '2026-11-21T11:00:00.000Z',
    isThis: false,
  });
  const phone = toDeviceSession({
    ...wire,
    platform: 'ios',
    osVersion: '18.1',
    deviceId: 'abc',
    deviceModel: 'iPhone 17',
    ipAddress: '192.0.2.1',
    isCurrent: true,
    key: { kind: 'nostr', subject: PUBKEY },
  });
  expect(phone).toMatchObject({
    device: 'iPhone 17',
    platform: 'iOS 18.1',
    address: '192.0.2.1',
    isThis: true,
  });
  expect(phone.key).toBe('Nostr npub10el…jptg');
});

test('two keys are the same by kind and subject', () => {
  const key = { kind: 'nostr', subject: PUBKEY };
  expect(isSameKey(key, { ...key })).toBe(true);
  expect(isSameKey(key, { ...key, kind: 'privy' })).toBe(false);
  expect(isSameKey(key, { ...key, subject: 'x' })).toBe(false);
});

test('a key is proven by what the page has at hand, the throw-away key only when it is meant', () => {
  const key = (kind: string, subject: string) => ({ kind, subject, linkedAt: '', usedAt: '' });
  const [nostr, privy] = [key('nostr', PUBKEY), key('privy', 'did:privy:cm1')];
  const all = { extension: true, throwAway: PUBKEY, privy: true };
  expect(waysToProve([nostr, privy], all)).toEqual(['extension', 'throw-away', 'email']);
  expect(waysToProve([privy], all)).toEqual(['email']);
  expect(waysToProve([nostr], { ...all, throwAway: 'ab'.repeat(32) })).toEqual(['extension']);
  expect(waysToProve([nostr, privy], { extension: false, throwAway: null, privy: false })).toEqual([]);
  expect(waysToProve([], all)).toEqual([]);
});

test('a token of Privy names its user; what is no token names nobody', () => {
  const token = (claims: unknown): string => `e30.${btoa(JSON.stringify(claims)).replaceAll('=', '')}.sig`;
  expect(didOf(token({ sub: 'did:privy:cm1' }))).toBe('did:privy:cm1');
  expect(didOf(token({}))).toBe(null);
  expect(didOf('no token')).toBe(null);
});
