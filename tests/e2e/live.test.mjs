/** What happens in the pool appears by itself, by the stream and without it. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { btc } from './support/amm.mjs';
import { startBrowser, visit } from './support/browser.mjs';
import { call, otherPerson, swapOverHttp } from './support/nostr.mjs';
import {
  figure,
  outcome,
  payField,
  signInWithThrowAwayKey,
  swapButton,
  takeGrant,
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

const pool = () => call(server, 'GET', '/api/amm/pools/1');
const live = (page) => page.getByText('Live: swaps appear as they happen').waitFor();
const notLive = (page) => page.getByText('No live stream').waitFor();
const newest = (page) => page.locator('#pool .trades li').first();
const price = (page) => figure(page, 'pool', 'Price now');

/** Waits for the newest trade in the list to be of this input; says how long it took. */
async function seen(page, amountIn, timeout) {
  const began = Date.now();
  await newest(page).getByText(amountIn).waitFor({ timeout });
  return Date.now() - began;
}

test('a second tab follows a swap made in the first', async () => {
  const { page, context, finish } = await visit(browser, server);
  await signInWithThrowAwayKey(page);
  await takeGrant(page);
  const second = await context.newPage();
  await second.goto(`${server.url}/`);
  const third = await visit(browser, server);
  for (const tab of [page, second, third.page]) await live(tab);
  const requests = [];
  second.on('request', (request) => requests.push(new URL(request.url()).pathname));
  const before = await price(second);

  await payField(page).fill('1.2345');
  await swapButton(page).click();
  await Promise.all([seen(second, '1.2345', 3_000), seen(third.page, '1.2345', 3_000)]);
  assert.notEqual(await price(second), before);
  assert.deepEqual(requests, [], 'the second tab needs nothing but its stream');
  await outcome(page).getByText('Matched to the last unit').waitFor();
  const { reserve_a_units, head } = await pool();
  for (const tab of [second, third.page]) {
    assert.ok((await figure(tab, 'pool', 'Reserves')).startsWith(btc(BigInt(reserve_a_units))));
    assert.match(await tab.locator('#pool code').getAttribute('title'), new RegExp(head));
  }
  assert.equal(await newest(second).getByText('you').count(), 0);
  await newest(page).getByText('you').waitFor();
  await third.finish();
  await finish();
});

test('two tabs of one person both know whose swap it was, and both balances follow', async () => {
  const { page, context, finish } = await visit(browser, server);
  await signInWithThrowAwayKey(page);
  await takeGrant(page);
  const [second] = await Promise.all([
    context.waitForEvent('page'),
    page.evaluate(() => window.open(location.href)),
  ]);
  await second.getByText('Signed in as').waitFor();
  await live(second);
  const cell = second.locator('#balances td').first();
  await cell.getByText('2', { exact: true }).waitFor();
  await payField(page).fill('0.5');
  await swapButton(page).click();
  await cell.getByText('1.5', { exact: true }).waitFor();
  await newest(second).getByText('you').waitFor();
  await finish();
});

test('a burst of swaps leaves the page with the server’s pool, and none is missing', async () => {
  const { page, finish } = await visit(browser, server);
  await live(page);
  const token = await otherPerson(server);
  const from = (await pool()).seq;
  for (let number = 1; number <= 20; number += 1)
    await swapOverHttp(server, token, {
      side: number % 2 === 0 ? 'BtoA' : 'AtoB',
      amount_in: `0.0${number}`,
    });
  const { seq, head } = await pool();
  assert.equal(seq, from + 20);
  await page.locator(`#pool code[title$="${head}"]`).waitFor({ timeout: 3_000 });
  const listed = await page
    .locator('#pool .trades time')
    .evaluateAll((times) => times.map(({ title }) => title));
  assert.deepEqual(
    listed.map((title) => Number(/event (\d+)/.exec(title)[1])),
    Array.from({ length: 12 }, (_, index) => seq - index),
  );
  await finish();
});

test('a trade whose figures do not follow is not believed: the pool is fetched', async () => {
  const { page, finish } = await visit(browser, server, {
    before: (page) =>
      page.addInitScript(() => {
        const Native = window.EventSource;
        window.EventSource = class extends Native {
          addEventListener(name, listener) {
            super.addEventListener(name, (event) => {
              const data = JSON.parse(event.data);
              if (name === 'swap') data.amount_out_units = '1';
              listener(new MessageEvent(name, { data: JSON.stringify(data) }));
            });
          }
        };
      }),
  });
  await live(page);
  const asked = page.waitForRequest('**/api/amm/pools');
  await swapOverHttp(server, await otherPerson(server), { side: 'AtoB', amount_in: '0.777' });
  await asked;
  await seen(page, '0.777', 5_000);
  const { reserve_a_units } = await pool();
  assert.ok((await figure(page, 'pool', 'Reserves')).startsWith(btc(BigInt(reserve_a_units))));
  await finish();
});

test('without a stream the page asks at intervals, and takes the stream up again', async () => {
  const { page, finish } = await visit(browser, server, {
    before: (page) => page.route('**/stream', (route) => route.fulfill({ status: 503 })),
  });
  await notLive(page);
  const token = await otherPerson(server);
  await swapOverHttp(server, token, { side: 'AtoB', amount_in: '0.333' });
  await seen(page, '0.333', 9_000);
  await page.unroute('**/stream');
  await page.getByText('Live: swaps appear as they happen').waitFor({ timeout: 15_000 });
  await swapOverHttp(server, token, { side: 'AtoB', amount_in: '0.334' });
  await seen(page, '0.334', 3_000);
  await finish();
});

test('a device that was offline has what it missed', async () => {
  const { page, context, finish } = await visit(browser, server);
  await live(page);
  await context.setOffline(true);
  await notLive(page);
  await swapOverHttp(server, await otherPerson(server), { side: 'BtoA', amount_in: '444' });
  await context.setOffline(false);
  await live(page);
  await seen(page, '444', 3_000);
  await finish();
});

test('a tab that is out of sight for a minute lets go of its stream, and is up to date when it is back', async () => {
  const { page, finish } = await visit(browser, server, {
    before: async (page) => {
      await page.clock.install();
      await page.addInitScript(() => {
        window.isAway = false;
        Object.defineProperty(document, 'hidden', { get: () => window.isAway });
      });
    },
  });
  const turn = (isAway) =>
    page.evaluate((away) => {
      window.isAway = away;
      document.dispatchEvent(new Event('visibilitychange'));
    }, isAway);
  await live(page);
  await turn(true);
  await page.clock.fastForward(50_000);
  assert.equal(await page.getByText('No live stream').count(), 0);
  await page.clock.fastForward(20_000);
  await notLive(page);
  await swapOverHttp(server, await otherPerson(server), { side: 'AtoB', amount_in: '0.0606' });
  await turn(false);
  await live(page);
  await seen(page, '0.0606', 3_000);
  await finish();
});
