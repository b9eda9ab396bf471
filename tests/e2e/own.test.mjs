/** What a person has follows by itself, in every tab, by their own stream and without it. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { startBrowser, visit } from './support/browser.mjs';
import { call, swapOverHttp } from './support/nostr.mjs';
import { payField, signInWithThrowAwayKey, swapButton, takeGrant, tokenOf } from './support/person.mjs';
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

const held = (page) => page.locator('#balances td').first();
const holds = (page, amount, options) => held(page).getByText(amount, { exact: true }).waitFor(options);
const live = (page) => page.getByText('Live: follows every tab').waitFor();
const reconnecting = (page) => page.getByText(/^Reconnecting…; seen /).waitFor();

/** Opens a second tab of the same session. */
async function secondTab(page, context) {
  const [second] = await Promise.all([
    context.waitForEvent('page'),
    page.evaluate(() => window.open(location.href)),
  ]);
  await second.getByText('Signed in as').waitFor();
  await live(second);
  return second;
}

test('a swap in the second tab moves the balances in the first, and nobody asks for them', async () => {
  const { page, context, finish } = await visit(browser, server);
  await signInWithThrowAwayKey(page);
  await takeGrant(page);
  await holds(page, '2');
  await page
    .locator('#balances .news')
    .getByText(/Received 2\sgBTC/)
    .waitFor();
  const second = await secondTab(page, context);
  await holds(second, '2');
  const asked = [];
  for (const tab of [page, second])
    tab.on('request', (request) => {
      if (request.url().endsWith('/api/amm/balances')) asked.push(request.url());
    });
  await payField(second).fill('0.5');
  await swapButton(second).click();
  await Promise.all([holds(page, '1.5', { timeout: 3_000 }), holds(second, '1.5', { timeout: 3_000 })]);
  assert.deepEqual(asked, []);
  await finish();
});

test('a stream that breaks off is resumed where it was, and what was missed is there', async () => {
  const { page, context, finish } = await visit(browser, server);
  await signInWithThrowAwayKey(page);
  await takeGrant(page);
  await live(page);
  await holds(page, '2');
  const token = await tokenOf(page);
  await context.setOffline(true);
  await reconnecting(page);
  await swapOverHttp(server, token, { side: 'AtoB', amount_in: '0.25' });
  const resumed = page.waitForRequest('**/api/me/stream');
  await context.setOffline(false);
  assert.match((await resumed).headers()['last-event-id'], /^1-\d+$/);
  await live(page);
  await holds(page, '1.75');
  assert.equal(await page.locator('#balances .news li').count(), 1, 'nothing is told twice');
  await finish();
});

test('without the stream balances are asked for, and it is taken up again', async () => {
  const { page, finish } = await visit(browser, server, {
    before: (page) => page.route('**/api/me/stream', (route) => route.fulfill({ status: 503 })),
  });
  await signInWithThrowAwayKey(page);
  await takeGrant(page);
  await reconnecting(page);
  await holds(page, '2');
  await payField(page).fill('0.5');
  await swapButton(page).click();
  await holds(page, '1.5');
  await page.unroute('**/api/me/stream');
  await page.getByText('Live: follows every tab').waitFor({ timeout: 40_000 });
  await finish();
});

test('signing out in one tab ends the session in the other at once', async () => {
  const { page, context, finish } = await visit(browser, server);
  await signInWithThrowAwayKey(page);
  await live(page);
  const second = await secondTab(page, context);
  await page.getByRole('button', { name: 'Sign out' }).click();
  await second.getByText('Your session ended. Sign in again').waitFor({ timeout: 3_000 });
  await finish();
});

test('a position that the server no longer knows is left behind', async () => {
  const { page, finish } = await visit(browser, server);
  const refused = [];
  await page.route('**/api/me/stream', (route) => {
    const id = route.request().headers()['last-event-id'];
    if (id === undefined || refused.length > 0) return route.continue();
    refused.push(id);
    const body = JSON.stringify({ error: 'x', code: 'position_in_future', message: 'no', request_id: 'r' });
    return route.fulfill({ status: 400, contentType: 'application/json', body });
  });
  await signInWithThrowAwayKey(page);
  await takeGrant(page);
  await live(page);
  await page.context().setOffline(true);
  await reconnecting(page);
  await page.context().setOffline(false);
  await live(page);
  assert.equal(refused.length, 1);
  const me = await call(server, 'GET', '/auth/me', { token: await tokenOf(page) });
  assert.ok(me.user.id > 0);
  await finish();
});
