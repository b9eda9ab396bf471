/** An independent signer: npm nostr-tools, as a browser extension and as a user of the HTTP interface. */
import { finalizeEvent, generateSecretKey, getPublicKey } from 'nostr-tools/pure';

const BINDING = 'signWithNostrTools';

/**
 * Puts a NIP-07 extension into the page that signs outside of the browser and, as many do, arrives late.
 *
 * @param {import('playwright-core').Page} page
 * @param {{ sign?: (event: object, secret: Uint8Array) => object, delayMs?: number, secret?: Uint8Array }} options
 */
export async function installExtension(
  page,
  { sign = finalizeEvent, delayMs = 600, secret = generateSecretKey() } = {},
) {
  const signed = [];
  await page.exposeBinding(BINDING, (_source, method, event) => {
    if (method === 'getPublicKey') return getPublicKey(secret);
    const result = sign(event, secret);
    signed.push(result);
    return result;
  });
  await page.addInitScript(
    ({ binding, delay }) => {
      setTimeout(() => {
        window.nostr = {
          getPublicKey: () => window[binding]('getPublicKey'),
          signEvent: (event) => window[binding]('signEvent', event),
        };
      }, delay);
    },
    { binding: BINDING, delay: delayMs },
  );
  return { pubkey: getPublicKey(secret), secret, signed };
}

/** Calls the HTTP interface and returns the answer's body; refusals throw. */
export async function call(server, method, path, { token, body, headers } = {}) {
  const answer = await fetch(server.url + path, {
    method,
    headers: {
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...headers,
    },
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  const text = await answer.text();
  if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text}`);
  return JSON.parse(text);
}

/** Signs a key in over HTTP and returns the token. */
export async function signInOverHttp(server, secret) {
  const asked = await call(server, 'POST', '/auth/challenge', { body: { pubkey: getPublicKey(secret) } });
  const { challenge_id, challenge, domain } = asked;
  const now = Math.floor(Date.now() / 1000);
  const content = JSON.stringify({ challenge_id, challenge, domain, exp: now + 60 });
  const event = finalizeEvent({ kind: 22242, created_at: now, tags: [], content }, secret);
  const { token } = await call(server, 'POST', '/auth/verify', { body: { event, challenge_id } });
  return token;
}

/** Signs somebody else in over HTTP, with the starter grant taken, and returns the token. */
export async function otherPerson(server) {
  const token = await signInOverHttp(server, generateSecretKey());
  await call(server, 'POST', '/api/demo/starter-grant', { token });
  return token;
}

/** Swaps over HTTP. */
export function swapOverHttp(server, token, body) {
  const headers = { 'idempotency-key': crypto.randomUUID() };
  return call(server, 'POST', '/api/amm/swap', { token, body: { pool_id: 1, ...body }, headers });
}
