/**
 * Signing in by e-mail with Privy's own library, against a stand-in for Privy's servers (support/privy.mjs): Privy itself
 * cannot be reached from here. Library, page, server, tokens and content security policy are the real ones.
 */
import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import { startBrowser, visit } from './support/browser.mjs';
import { call } from './support/nostr.mjs';
import { tokenOf } from './support/person.mjs';
import { APP_ID, startPrivy } from './support/privy.mjs';
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

beforeEach(() => {
  privy.refuse(null);
  privy.heard.length = 0;
});

/** The file with Privy's library, as the page is built. */
const LIBRARY = /\/assets\/client-[^/]*\.js$/;

const come = (options) => visit(browser, server, { friends: [privy.url], ...options });
const open = (page) => page.getByRole('button', { name: 'Sign in by e-mail' });
const addressField = (page) => page.getByRole('textbox', { name: 'E-mail address' });
const codeField = (page) => page.getByRole('textbox', { name: 'Code from the e-mail' });
const problem = (page, text) => page.locator('#account .problem').getByText(text).waitFor();

async function askForCode(page, email) {
  await open(page).click();
  await addressField(page).fill(email);
  await page.getByRole('button', { name: 'Send me a code' }).click();
  await codeField(page).waitFor();
}

async function showCode(page, code) {
  await codeField(page).fill(code);
  await page.getByRole('button', { name: 'Sign in with the code' }).click();
}

test('a code signs in, the next time too, and nothing of Privy is loaded or called before the button', async () => {
  const { page, finish } = await come();
  const scripts = [];
  page.on('request', (request) => {
    if (LIBRARY.test(request.url())) scripts.push(request.url());
  });
  await open(page).waitFor();
  assert.deepEqual([scripts, privy.heard], [[], []]);
  await askForCode(page, 'ada@example.org');
  assert.equal(scripts.length, 1);
  assert.deepEqual([...new Set(privy.heard.map(({ appId }) => appId))], [APP_ID]);
  await showCode(page, privy.codeFor('ada@example.org'));
  await page.getByText('Signed in as').waitFor();
  const token = await tokenOf(page);
  const { data: me } = await call(server, 'GET', '/api/auth/me', { token });
  assert.deepEqual([me.email, me.emailVerified], ['ada@example.org', true]);
  const kept = await page.evaluate(() =>
    JSON.stringify([{ ...localStorage }, { ...sessionStorage }, document.cookie]),
  );
  assert.ok(!kept.includes('privy'), 'nothing of Privy is kept in the browser');

  await page.reload();
  await page.getByText('Signed in as').waitFor();
  await page.getByRole('button', { name: 'Sign out' }).click();
  await askForCode(page, 'ada@example.org');
  await showCode(page, privy.codeFor('ada@example.org'));
  await page.getByText('Signed in as').waitFor();
  const { data: again } = await call(server, 'GET', '/api/auth/me', { token: await tokenOf(page) });
  assert.equal(again.id, me.id);
  await finish();
});

test('a wrong code is refused in a sentence, and another code signs in', async () => {
  const { page, finish } = await come();
  await askForCode(page, 'bob@example.org');
  const first = privy.codeFor('bob@example.org');
  await showCode(page, '12 34');
  await problem(page, 'The code has six digits.');
  await showCode(page, first === '000000' ? '000001' : '000000');
  await problem(page, 'Privy does not take this code: it is another one, or too old.');
  await page.getByRole('button', { name: 'Send another code' }).click();
  await page.getByText('Another code is on its way; only the newest one counts.').waitFor();
  const second = privy.codeFor('bob@example.org');
  await showCode(page, `${second.slice(0, 3)} ${second.slice(3)}`);
  await page.getByText('Signed in as').waitFor();
  await finish();
});

test('an address can be mended before and after a code was sent, with the keyboard alone', async () => {
  const { page, finish } = await come();
  await open(page).focus();
  await page.keyboard.press('Enter');
  await addressField(page).waitFor();
  await page.keyboard.type('carol');
  await page.keyboard.press('Enter');
  await problem(page, 'This is no e-mail address.');
  await page.keyboard.type('@example.org');
  await page.keyboard.press('Enter');
  await codeField(page).waitFor();
  await page.getByText('carol@example.org').waitFor();
  await page.getByRole('button', { name: 'Use another address' }).press('Enter');
  await addressField(page).waitFor();
  await page.keyboard.type('carol@example.net');
  await page.keyboard.press('Enter');
  await codeField(page).waitFor();
  await page.keyboard.type(privy.codeFor('carol@example.net'));
  await page.keyboard.press('Enter');
  await page.getByText('Signed in as').waitFor();
  await finish();
});

test('what Privy refuses is told in sentences that say what to do', async () => {
  const { page, finish } = await come();
  await open(page).click();
  await addressField(page).fill('dan@example.org');
  for (const [status, code, sentence] of [
    [429, 'too_many_requests', 'Privy takes only so many requests. Wait a few minutes, then try again.'],
    [403, 'allowlist_rejected', 'Here only invited addresses can sign in, and this is none of them.'],
    [403, 'invalid_captcha', 'asks for a captcha, which this page does not show.'],
    [403, 'invalid_origin', 'Privy does not let this page’s address use the app.'],
    [422, 'something_new', 'Privy refused: A reason of its own.'],
  ]) {
    privy.refuse(status, code, 'a reason of its own');
    await page.getByRole('button', { name: 'Send me a code' }).click();
    await problem(page, sentence);
  }
  await page.getByRole('button', { name: 'Cancel' }).click();
  await open(page).waitFor();
  await finish();
});

test('a Privy that is away, and a library that does not arrive, are told apart', async () => {
  const { page, finish } = await come();
  await page.route('**/assets/client-*.js', (route) => route.abort());
  await open(page).click();
  await problem(page, 'The part of this page that speaks with Privy could not be loaded.');
  await page.unroute('**/assets/client-*.js');
  await page.reload();
  await page.route(`${privy.url}/**`, (route) => route.abort());
  await open(page).click();
  await addressField(page).fill('eve@example.org');
  await page.getByRole('button', { name: 'Send me a code' }).click();
  // Its library tries four times before it gives up.
  await page
    .getByText('Privy did not answer. Check your connection, then try again.')
    .waitFor({ timeout: 20_000 });
  await finish();
});

test('a proof that the server does not take is told, and the page stays signed out', async () => {
  const { page, finish } = await come();
  const body = {
    success: false,
    error: 'x',
    code: 'privy_unreachable',
    message: 'Privy does not answer',
    request_id: 'r',
  };
  await page.route('**/api/auth/login', (route) =>
    route.fulfill({ status: 503, contentType: 'application/json', body: JSON.stringify(body) }),
  );
  await askForCode(page, 'fay@example.org');
  await showCode(page, privy.codeFor('fay@example.org'));
  await page.getByText('Privy does not answer. Try again; the server’s log knows this as r.').waitFor();
  assert.equal(await tokenOf(page), null);
  await finish();
});

test('where no Privy app is set up, nothing speaks of it', async () => {
  const plain = await startServer();
  const { page, finish } = await visit(browser, plain);
  await page.getByRole('button', { name: 'Make a throw-away key' }).waitFor();
  assert.equal(await page.getByText(/privy|e-mail address/i).count(), 0);
  await page.getByText('There is no password and no e-mail.').waitFor();
  await finish();
  await plain.stop();
});
