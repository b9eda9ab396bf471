/** Nostr keys, events and the sign-in event. Events cross the boundary as the JSON that relays carry. */
import { bytesOf, integer, invalid, record, text, TEXT_LENGTH_MAX, U16 } from './check.js';
import { CoreError } from './error.js';
import { core } from './load.js';

const KEY_BYTES = 32;

/** How often a secret key is drawn; even the second draw is needed once in 2^127 calls. */
const KEY_DRAWS_MAX = 8;

/** The kind of an event that answers a sign-in challenge (NIP-42). */
const KIND_AUTH = 22242;

/** @returns {Uint8Array} */
export function generateSecretKey() {
  const raw = core();
  for (let draw = 0; draw < KEY_DRAWS_MAX; draw += 1) {
    const secret = crypto.getRandomValues(new Uint8Array(KEY_BYTES));
    if (raw.isSecretKey(secret.slice())) return secret;
  }
  throw new CoreError(
    'secret_key_invalid',
    `no secret key among ${KEY_DRAWS_MAX} draws: the randomness is broken`,
  );
}

/**
 * @param {Uint8Array} secret
 * @returns {string}
 */
export function publicKey(secret) {
  return core().publicKey(copyOf(secret));
}

/**
 * @param {string} hex
 * @returns {string}
 */
export function npubEncode(hex) {
  return core().npubEncode(text(hex, 'hex'));
}

/**
 * @param {string} npub
 * @returns {string}
 */
export function npubDecode(npub) {
  return core().npubDecode(text(npub, 'npub'));
}

/**
 * @param {import('./index.js').UnsignedEvent} unsigned
 * @returns {string}
 */
export function eventId(unsigned) {
  return core().eventId(unsignedJson(unsigned));
}

/**
 * @param {import('./index.js').UnsignedEvent} unsigned
 * @param {Uint8Array} secret
 * @returns {import('./index.js').NostrEvent}
 */
export function signEvent(unsigned, secret) {
  const raw = core();
  const json = unsignedJson(unsigned);
  const aux = crypto.getRandomValues(new Uint8Array(KEY_BYTES));
  return JSON.parse(raw.signEvent(json, copyOf(secret), aux));
}

/**
 * @param {import('./index.js').NostrEvent} event
 * @returns {boolean}
 */
export function verifyEvent(event) {
  const raw = core();
  const json = eventJson(event);
  return json !== undefined && raw.verifyEvent(json);
}

/**
 * @param {import('./index.js').NostrEvent} event
 * @returns {void}
 */
export function checkEvent(event) {
  core().checkEvent(required(eventJson(event), 'event'));
}

/**
 * @param {import('./index.js').LoginRequest} request
 * @returns {import('./index.js').UnsignedEvent}
 */
export function buildLoginEvent(request) {
  const raw = core();
  const given = record(request, 'request');
  const { pubkey, challengeId, challenge, domain, nowSeconds, expiresInSeconds, kind = KIND_AUTH } = given;
  const json = JSON.stringify({
    pubkey: text(pubkey, 'pubkey'),
    challengeId: text(challengeId, 'challengeId'),
    challenge: text(challenge, 'challenge'),
    domain: text(domain, 'domain'),
    nowSeconds: seconds(nowSeconds, 'nowSeconds'),
    expiresInSeconds: seconds(expiresInSeconds, 'expiresInSeconds'),
    ...purposeOf(given),
  });
  return JSON.parse(raw.buildLoginEvent(json, integer(kind, 'kind', U16)));
}

/**
 * @param {import('./index.js').NostrEvent} event
 * @param {import('./index.js').LoginExpected} expected
 * @returns {void}
 */
export function checkLoginEvent(event, expected) {
  const raw = core();
  const json = required(eventJson(event), 'event');
  const given = record(expected, 'expected');
  const { challengeId, challenge, boundPubkey, domain, domainRequired = false, url, method = 'POST' } = given;
  if (typeof domainRequired !== 'boolean') throw invalid('domainRequired', 'a boolean', domainRequired);
  const wanted = JSON.stringify({
    challengeId: text(challengeId, 'challengeId'),
    challenge: text(challenge, 'challenge'),
    pubkey: optionalText(boundPubkey, 'boundPubkey'),
    domain: text(domain, 'domain'),
    nowSeconds: seconds(given.nowSeconds, 'nowSeconds'),
    skewSeconds: seconds(given.skewSeconds, 'skewSeconds'),
    ttlSeconds: seconds(given.ttlSeconds, 'ttlSeconds'),
    url: optionalText(url, 'url'),
    method: text(method, 'method'),
    ...purposeOf(given),
  });
  raw.checkLoginEvent(json, wanted, domainRequired);
}

/** @param {Record<string, unknown>} given */
function purposeOf({ purpose = 'login', key }) {
  const named = { purpose: text(purpose, 'purpose') };
  if (key === undefined) return named;
  const { userId, kind, subject } = record(key, 'key');
  const [user, keyKind] = [text(userId, 'key.userId'), text(kind, 'key.kind')];
  return { ...named, userId: user, keyKind, subject: text(subject, 'key.subject') };
}

/**
 * Copies a secret for the module, which overwrites its own copy and this one with zeros.
 *
 * @param {unknown} secret
 */
function copyOf(secret) {
  return bytesOf(secret, 'secret', KEY_BYTES).slice();
}

/** @param {unknown} event */
function eventJson(event) {
  const { id, pubkey, created_at, kind, tags, content, sig } = record(event, 'event');
  return jsonOf({ id, pubkey, created_at, kind, tags, content, sig });
}

/** @param {unknown} unsigned */
function unsignedJson(unsigned) {
  const { pubkey, created_at, kind, tags, content } = record(unsigned, 'unsigned');
  return required(jsonOf({ pubkey, created_at, kind, tags, content }), 'unsigned');
}

/**
 * @param {object} fields
 * @returns {string | undefined} nothing for what JSON cannot hold as it is, or for too much of it
 */
function jsonOf(fields) {
  try {
    if (!Object.values(fields).every(isPlain)) return undefined;
    const json = JSON.stringify(fields);
    return json.length > TEXT_LENGTH_MAX ? undefined : json;
  } catch {
    return undefined; // a bigint, or a circle
  }
}

/**
 * @param {unknown} value
 * @returns {boolean} false for objects, of which JSON would make something else: of a Date a text
 */
function isPlain(value) {
  return typeof value !== 'object' || value === null || (Array.isArray(value) && value.every(isPlain));
}

/**
 * @param {string | undefined} json
 * @param {string} name
 * @returns {string}
 */
function required(json, name) {
  if (json === undefined) {
    throw new CoreError(
      'invalid_argument',
      `${name} must be plain JSON of at most ${TEXT_LENGTH_MAX} characters`,
    );
  }
  return json;
}

/**
 * @param {unknown} value
 * @param {string} name
 */
function seconds(value, name) {
  return integer(value, name, Number.MAX_SAFE_INTEGER);
}

/**
 * @param {unknown} value
 * @param {string} name
 */
function optionalText(value, name) {
  return value === undefined || value === null ? null : text(value, name);
}
