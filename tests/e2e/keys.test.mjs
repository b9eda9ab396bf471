/** The keys of one's account: linking a Nostr key and an e-mail address, removing one, never the last. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { finalizeEvent, generateSecretKey, getPublicKey } from 'nostr-tools/pure';
import { startBrowser, visit } from './support/browser.mjs';
import { call, installExtension, signInOverHttp } from './support/nostr.mjs';
import { signInWithExtension, signInWithThrowAwayKey, tokenOf } from './support/person.mjs';
import { startPrivy } from './support/privy.mjs';
import { startServer } from './support/server.mjs';

let privy;
let server;
let browser;

before(async () => {
  privy = await startPrivy();
  [server, browser] = await Promise.all([startServer(privy.settings), startBrowser()]);
});

after(async () => {
  await browser?.close();
  await server?.stop();
  await privy?.stop();
});

const come = (options) => visit(browser, server, { friends: [privy.url], ...options });
const withExtension = (options) => ({ before: (page) => installExtension(page, { delayMs: 0, ...options }) });
const openKeys = (page) => page.getByRole('button', { name: 'Keys', exact: true }).click();
const press = (page, name) => page.getByRole('button', { name }).click();
const rows = (page) => page.getByRole('list', { name: 'Your keys' }).getByRole('listitem');
const keysOf = async (page) => {
  const { items } = await call(server, 'GET', '/api/me/identities', { token: await tokenOf(page) });
  return items.map(({ kind, subject }) => `${kind} ${subject}`);
};

/** Goes through the e-mail flow that is open in the page. */
async function proveByEmail(page, email, finish = 'Go on with the code') {
  await page.getByRole('textbox', { name: 'E-mail address' }).fill(email);
  await press(page, 'Send me a code');
  const field = page.getByRole('textbox', { name: 'Code from the e-mail' });
  await field.waitFor();
  await field.fill(privy.codeFor(email));
  await press(page, finish);
}

test('the only key stays, and the page says why', async () => {
  const { page, finish } = await come();
  await signInWithThrowAwayKey(page);
  await openKeys(page);
  await page.getByText('This is the only key of your account, so it stays.').waitFor();
  assert.equal(await rows(page).count(), 1);
  assert.equal(await page.getByRole('button', { name: /^Remove/ }).count(), 0);
  await finish();
});

test('an extension’s key is linked to the account of a throw-away key, and signs in to it', async () => {
  const secret = generateSecretKey();
  const { page, finish } = await come(withExtension({ secret }));
  await signInWithThrowAwayKey(page);
  const { user: me } = await call(server, 'GET', '/auth/me', { token: await tokenOf(page) });
  await openKeys(page);
  await press(page, 'Link the key of your extension');
  await page.getByRole('heading', { name: /^Link Nostr npub1.*\?$/ }).waitFor();
  assert.equal((await keysOf(page)).length, 1, 'nothing is linked before a key of the account is proven');
  await press(page, 'Prove it with your extension');
  await page.getByText('Your signer shows the key that is to be linked.').waitFor();
  await press(page, 'Prove it with the throw-away key');
  await page.getByText('signs in to this account from now on.').waitFor();
  assert.equal(await rows(page).count(), 2);
  assert.deepEqual(await keysOf(page), [`nostr ${me.pubkey}`, `nostr ${getPublicKey(secret)}`]);
  const elsewhere = await signInOverHttp(server, secret);
  const { user } = await call(server, 'GET', '/auth/me', { token: elsewhere });
  assert.equal(user.id, me.id);
  await finish();
});

test('what is signed names the key, the purpose and the account', async () => {
  let extension;
  const { page, finish } = await come({
    before: async (page) => {
      extension = await installExtension(page, { delayMs: 0 });
    },
  });
  await signInWithThrowAwayKey(page);
  await openKeys(page);
  const [answer] = await Promise.all([
    page.waitForResponse('**/api/me/identities/challenge'),
    press(page, 'Link the key of your extension'),
  ]);
  const asked = await answer.json();
  await page.getByRole('heading', { name: /^Link Nostr/ }).waitFor();
  const content = JSON.parse(extension.signed.at(-1).content);
  assert.deepEqual([content.purpose, content.data], ['link', asked.data]);
  assert.equal(asked.subject, extension.pubkey);
  await press(page, 'Do not link it');
  assert.equal((await keysOf(page)).length, 1);
  await finish();
});

test('a key of somebody else is refused in a sentence', async () => {
  const secret = generateSecretKey();
  await signInOverHttp(server, secret);
  const { page, finish } = await come(withExtension({ secret }));
  await signInWithThrowAwayKey(page);
  await openKeys(page);
  await press(page, 'Link the key of your extension');
  await press(page, 'Prove it with the throw-away key');
  await page
    .getByText('This key belongs to another account; sign in with it there and unlink it first.')
    .waitFor();
  assert.equal((await keysOf(page)).length, 1);
  await finish();
});

test('an event that is not the one asked for is never sent, and another key can still confirm', async () => {
  let isTampering = false;
  const sign = (event, secret) =>
    finalizeEvent(
      isTampering ? { ...event, content: event.content.replace('link', 'unlink') } : event,
      secret,
    );
  const secret = generateSecretKey();
  const { page, finish } = await come(withExtension({ secret, sign }));
  await signInWithExtension(page);
  await openKeys(page);
  await press(page, 'Make a throw-away key and link it');
  isTampering = true;
  await press(page, 'Prove it with your extension');
  await page.getByText('The signed event is not the one this page asked for (purpose_mismatch)').waitFor();
  assert.equal((await keysOf(page)).length, 1);
  isTampering = false;
  await press(page, 'Prove it with your extension');
  await page.getByText('signs in to this account from now on.').waitFor();
  assert.equal((await keysOf(page)).length, 2);
  await finish();
});

test('an extension that never answers holds nobody up, and what it signs later is not used', async () => {
  let answer;
  const sign = (event, secret) =>
    new Promise((resolve) => {
      answer = () => resolve(finalizeEvent(event, secret));
    });
  const { page, finish } = await come(withExtension({ sign }));
  await signInWithThrowAwayKey(page);
  await openKeys(page);
  await press(page, 'Link the key of your extension');
  await page.getByText('Waiting for you to sign in your extension…').waitFor();
  await press(page, 'Cancel');
  await page.getByRole('heading', { name: 'Link another key' }).waitFor();
  answer();
  await press(page, 'Link the key of your extension');
  await page.getByText('Waiting for you to sign in your extension…').waitFor();
  await openKeys(page);
  await openKeys(page);
  await page.getByRole('heading', { name: 'Link another key' }).waitFor();
  assert.equal((await keysOf(page)).length, 1);
  await finish();
});

test('the keyboard is enough, and the focus stays where something happens', async () => {
  const { page, finish } = await come();
  await signInWithThrowAwayKey(page);
  await openKeys(page);
  const focused = () => page.evaluate(() => document.activeElement?.textContent);
  await page.getByRole('button', { name: 'Link an e-mail address' }).press('Enter');
  await page.getByRole('button', { name: 'Prove an address' }).waitFor();
  assert.equal(await focused(), 'Link an e-mail address');
  await page.keyboard.press('Tab');
  await page.keyboard.press('Enter');
  await page.getByRole('textbox', { name: 'E-mail address' }).waitFor();
  await page.keyboard.type('hal@example.org');
  await page.keyboard.press('Enter');
  await page.getByRole('textbox', { name: 'Code from the e-mail' }).waitFor();
  await page.keyboard.type(privy.codeFor('hal@example.org'));
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { name: /^Link Privy/ }).waitFor();
  assert.match(await focused(), /^Link Privy/);
  await page.keyboard.press('Tab');
  await page.keyboard.press('Enter');
  await page.getByText('signs in to this account from now on.').waitFor();
  assert.match(await focused(), /signs in to this account from now on\.$/);
  await finish();
});

test('keys that could not be loaded are told, and loaded by trying again', async () => {
  const { page, finish } = await come();
  await signInWithThrowAwayKey(page);
  await page.route('**/api/me/identities', (route) => route.abort());
  await openKeys(page);
  await page.getByText('The server did not answer. Check your connection, then try again.').waitFor();
  assert.equal(await page.getByRole('heading', { name: 'Link another key' }).count(), 0);
  await page.unroute('**/api/me/identities');
  await press(page, 'Try again to load keys');
  await rows(page).first().waitFor();
  await finish();
});

test('an e-mail address is linked, and signs in to the same account', async () => {
  const { page, finish } = await come();
  await signInWithThrowAwayKey(page);
  const { user: me } = await call(server, 'GET', '/auth/me', { token: await tokenOf(page) });
  await openKeys(page);
  await press(page, 'Link an e-mail address');
  await press(page, 'Prove an address');
  await proveByEmail(page, 'gil@example.org');
  await page.getByRole('heading', { name: /^Link Privy cm.*\?$/ }).waitFor();
  await press(page, 'Prove it with the throw-away key');
  await page.getByText('signs in to this account from now on.').waitFor();
  assert.equal((await keysOf(page)).length, 2);
  await press(page, 'Sign out');
  await press(page, 'Sign in by e-mail');
  await proveByEmail(page, 'gil@example.org', 'Sign in with the code');
  await page.getByText('Signed in as').waitFor();
  const { user } = await call(server, 'GET', '/auth/me', { token: await tokenOf(page) });
  assert.equal(user.id, me.id);

  // The e-mail address can confirm too: here that the throw-away key goes, with its session but not this one.
  await openKeys(page);
  await press(page, /^Remove Nostr/);
  await press(page, 'Prove it by e-mail');
  await proveByEmail(page, 'gil@example.org');
  await page.getByText('signs in to this account no more.').waitFor();
  await page.getByText('This is the only key of your account, so it stays.').waitFor();
  assert.equal((await keysOf(page)).length, 1);
  await finish();
});

test('removing the key of this session ends the session, and the page says so', async () => {
  const secret = generateSecretKey();
  const { page, finish } = await come(withExtension({ secret }));
  await signInWithExtension(page);
  await openKeys(page);
  await press(page, 'Make a throw-away key and link it');
  await press(page, 'Prove it with your extension');
  await page.getByText('signs in to this account from now on.').waitFor();
  await page.getByText('About the throw-away key of this page').click();
  await page.getByRole('button', { name: 'Copy secret key' }).waitFor();
  await page
    .getByRole('button', { name: /^Remove Nostr/ })
    .first()
    .click();
  await page.getByRole('heading', { name: /^Remove Nostr/ }).waitFor();
  await press(page, 'Prove it with your extension');
  await page.getByText('Your signer shows the key that is to be removed.').waitFor();
  await press(page, 'Prove it with the throw-away key');
  await page
    .getByText('This session, which it had begun, ended with it: sign in with another key.')
    .waitFor();
  assert.equal(await tokenOf(page), null);
  await press(page, 'Sign in with this key');
  await page.getByText('Signed in as').waitFor();
  assert.equal((await keysOf(page)).length, 1);
  await finish();
});

test('a key that is linked elsewhere appears by itself', async () => {
  const secret = generateSecretKey();
  const { page, context, finish } = await come(withExtension({ secret }));
  await signInWithThrowAwayKey(page);
  await openKeys(page);
  await rows(page).first().waitFor();
  const second = await context.newPage();
  await installExtension(second, { delayMs: 0, secret });
  await second.goto(`${server.url}/`);
  await second.getByText('Signed in as').waitFor();
  await openKeys(second);
  await rows(second).first().waitFor();
  await press(page, 'Link the key of your extension');
  await press(page, 'Prove it with the throw-away key');
  await page.getByText('signs in to this account from now on.').waitFor();
  await rows(second).nth(1).waitFor({ timeout: 3_000 });
  await finish();
});
