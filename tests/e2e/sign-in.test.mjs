/** Signing in and out: throw-away keys, extensions that misbehave, sessions that end. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { finalizeEvent, generateSecretKey } from 'nostr-tools/pure';
import { startBrowser, visit } from './support/browser.mjs';
import { call, installExtension } from './support/nostr.mjs';
import {
  payField,
  signInWithExtension,
  signInWithThrowAwayKey,
  swapButton,
  takeGrant,
  tokenOf,
} from './support/person.mjs';
import { startServer } from './support/server.mjs';

let server;
let browser;

before(async () => {
  [server, browser] = await Promise.all([startServer(), startBrowser()]);
});

after(async () => {
  await browser?.close();
  await server?.stop();
});

/** Counts the sign-in events that reach the network. */
function countVerifications(page) {
  const sent = [];
  page.on('request', (request) => {
    if (request.url().endsWith('/auth/verify')) sent.push(request);
  });
  return sent;
}

/** Whether the server accepts a token. */
async function accepts(token) {
  const answer = await fetch(`${server.url}/auth/me`, { headers: { authorization: `Bearer ${token}` } });
  return answer.ok;
}

test('a throw-away key signs in, and is kept over a reload only when asked to', async () => {
  const { page, finish } = await visit(browser, server);
  await page.getByRole('button', { name: 'Make a throw-away key' }).click();
  const npub = await page.locator('#account code').getAttribute('title');
  assert.match(npub, /^npub1[02-9ac-hj-np-z]{58}$/);
  await page.reload();
  await page.getByRole('button', { name: 'Make a throw-away key' }).waitFor();

  await page.getByRole('button', { name: 'Make a throw-away key' }).click();
  await page.getByRole('checkbox', { name: /Keep it in this tab/ }).check();
  const kept = await page.locator('#account code').getAttribute('title');
  assert.notEqual(kept, npub);
  await page.reload();
  await page.getByRole('button', { name: 'Sign in with this key' }).click();
  await page.getByText('Signed in as').waitFor();
  assert.equal(await page.locator('#account code').first().getAttribute('title'), kept);

  await page.getByText('About this key').click();
  await page.getByRole('button', { name: 'Forget it' }).click();
  assert.equal(await page.evaluate(() => sessionStorage.getItem('postfun.throw-away-key')), null);
  await finish();
});

test('the secret key can be copied, and is the one of the key that is shown', async () => {
  const { page, context, finish } = await visit(browser, server, {
    permissions: ['clipboard-read', 'clipboard-write'],
  });
  await page.getByRole('button', { name: 'Make a throw-away key' }).click();
  await page.getByRole('button', { name: 'Copy secret key' }).click();
  await page.getByText('Copied.').waitFor();
  const secret = await page.evaluate(() => navigator.clipboard.readText());
  const event = finalizeEvent({ kind: 1, created_at: 0, tags: [], content: '' }, Buffer.from(secret, 'hex'));
  const { user } = await signedInUser(page);
  assert.equal(event.pubkey, user.pubkey);
  await context.clearPermissions();
  await finish();
});

async function signedInUser(page) {
  await page.getByRole('button', { name: 'Sign in with this key' }).click();
  await page.getByText('Signed in as').waitFor();
  return call(server, 'GET', '/auth/me', { token: await tokenOf(page) });
}

test('signing out ends the session on the server and in the page', async () => {
  const { page, finish } = await visit(browser, server);
  await signInWithThrowAwayKey(page);
  const token = await tokenOf(page);
  assert.equal(await accepts(token), true);
  await page.getByRole('button', { name: 'Sign out' }).click();
  await page.getByText('You are signed out, and the server no longer accepts this session.').waitFor();
  assert.equal(await accepts(token), false);
  assert.equal(await tokenOf(page), null);
  await page.getByText('Sign in to see what you hold.').waitFor();
  await finish();
});

test('a session survives a reload, and its end elsewhere is told in a sentence', async () => {
  const { page, finish } = await visit(browser, server);
  await signInWithThrowAwayKey(page);
  await takeGrant(page);
  await page.reload();
  await page.getByText('Signed in as').waitFor();
  await call(server, 'POST', '/auth/logout', { token: await tokenOf(page), body: {} });
  await payField(page).fill('0.1');
  await swapButton(page).click();
  await page.getByText('Your session ended. Sign in again to go on; nothing is lost.').waitFor();
  assert.equal(await swapButton(page).innerText(), 'Sign in to swap');
  await finish();
});

test('an extension that refuses is answered with what to do', async () => {
  const refuse = () => {
    throw new Error('denied');
  };
  const { page, finish } = await visit(browser, server, {
    before: (page) => installExtension(page, { sign: refuse }),
  });
  const sent = countVerifications(page);
  await page.getByRole('button', { name: 'Sign in with extension' }).click();
  await page
    .getByText('Your extension did not sign. Open it, allow this site, then sign in again.')
    .waitFor();
  assert.equal(sent.length, 0);
  await finish();
});

for (const [name, sign] of [
  ['another text', (event, secret) => finalizeEvent({ ...event, content: '{}' }, secret)],
  ['another kind', (event, secret) => finalizeEvent({ ...event, kind: 1984 }, secret)],
  ['another key', (event) => finalizeEvent(event, generateSecretKey())],
  ['a damaged signature', (event, secret) => ({ ...finalizeEvent(event, secret), sig: '0'.repeat(128) })],
]) {
  test(`an event with ${name} is refused in the page and never sent`, async () => {
    const { page, finish } = await visit(browser, server, {
      before: (page) => installExtension(page, { sign }),
    });
    const sent = countVerifications(page);
    await page.getByRole('button', { name: 'Sign in with extension' }).click();
    await page.getByText(/is not the one this page asked for \([a-z_]+\), so nothing was sent/).waitFor();
    assert.equal(sent.length, 0);
    await finish();
  });
}

test('a second starter grant is refused in a sentence', async () => {
  const { page, finish } = await visit(browser, server, { before: (page) => installExtension(page) });
  // By its stream the page would know of the grant, and not offer another.
  await page.route('**/api/me/stream', (route) => route.fulfill({ status: 503 }));
  await signInWithExtension(page);
  await call(server, 'POST', '/api/demo/starter-grant', { token: await tokenOf(page) });
  await page.getByRole('button', { name: 'Take the starter grant' }).click();
  await page.getByText('You already took the starter grant. It is given once per key.').waitFor();
  await page.getByRole('rowheader', { name: 'gBTC', exact: true }).waitFor();
  await finish();
});
