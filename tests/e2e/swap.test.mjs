/** From signing in to a swap whose figures the page, the server and this file compute alike. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { generateSecretKey, getPublicKey, verifyEvent } from 'nostr-tools/pure';
import { btc, leastInput, maximumIn, minimumOut, quoteExactIn, usd } from './support/amm.mjs';
import { plain, startBrowser, visit } from './support/browser.mjs';
import { call, installExtension, otherPerson, signInOverHttp, swapOverHttp } from './support/nostr.mjs';
import {
  balancesOf,
  figure,
  outcome,
  payField,
  receiveField,
  signInWithExtension,
  signInWithThrowAwayKey,
  swapButton,
  takeGrant,
  tokenOf,
} from './support/person.mjs';
import { startServer } from './support/server.mjs';

const adminSecret = generateSecretKey();
let server;
let browser;

before(async () => {
  const settings = { POSTFUN_ADMINS: getPublicKey(adminSecret) };
  [server, browser] = await Promise.all([startServer(settings), startBrowser()]);
});

after(async () => {
  await browser?.close();
  await server?.stop();
});

const pool = () => call(server, 'GET', '/api/amm/pools/1');
const trades = (token) => call(server, 'GET', '/api/amm/pools/1/trades?limit=500', { token });

/** Opens the page as somebody with starter tokens. */
async function visitWithTokens(options) {
  const visited = await visit(browser, server, options);
  await signInWithThrowAwayKey(visited.page);
  await takeGrant(visited.page);
  return visited;
}

/** For a page that is not told of swaps as they happen. */
const withoutStream = { before: (page) => page.route('**/stream', (route) => route.abort()) };

/** Keeps a page without a stream at the pool as it is now, whatever happens on the server. */
async function freezePools(page) {
  const body = JSON.stringify(await call(server, 'GET', '/api/amm/pools'));
  await page.route('**/api/amm/pools', (route) => route.fulfill({ contentType: 'application/json', body }));
}

test('an independent signer signs in, quotes without network, swaps, and the server has the same numbers', async () => {
  let extension;
  const { page, context, finish } = await visit(browser, server, {
    before: async (page) => {
      extension = await installExtension(page);
    },
  });
  await signInWithExtension(page);
  assert.equal(extension.signed.length, 1);
  assert.equal(extension.signed[0].kind, 22242);
  assert.equal(verifyEvent(extension.signed[0]), true);
  const me = await call(server, 'GET', '/auth/me', { token: await tokenOf(page) });
  assert.equal(me.user.pubkey, extension.pubkey);
  await takeGrant(page);
  const had = await balancesOf(server, page);
  assert.ok(had.gBTC > 150_000_000n, 'the grant is enough for this swap');
  const before = await pool();
  const here = quoteExactIn(before, 'AtoB', 150_000_000n);

  await context.setOffline(true);
  const requests = [];
  page.on('request', (request) => requests.push(request.url()));
  await page.getByText('this device is offline').first().waitFor();
  await payField(page).pressSequentially('1.5');
  assert.equal(await receiveField(page).inputValue(), usd(here.amountOut).replace(' gUSD', ''));
  assert.equal(await figure(page, 'swap', 'Fee'), `${btc(here.fee)} (30 bps)`);
  assert.equal(await figure(page, 'swap', 'Effective input'), btc(here.effective));
  assert.equal(await figure(page, 'swap', 'Stage'), '1 of 4');
  const minimum = minimumOut(here.amountOut, 50);
  assert.equal(await figure(page, 'swap', 'Minimum received'), `${usd(minimum)} (slippage 0.5\u202f%)`);
  assert.match(plain(await page.locator('#swap').innerText()), /No connection: quotes only/);
  assert.deepEqual(requests, [], 'a quote needs no request');

  await context.setOffline(false);
  await page.getByRole('button', { name: 'Swap gBTC for gUSD', exact: true }).click();
  await outcome(page).getByText('Matched to the last unit').waitFor();
  assert.match(
    await outcome(page).innerText(),
    new RegExp(`Swapped 1.5\\sgBTC for ${usd(here.amountOut)}`.replace(' gUSD', '\\sgUSD')),
  );

  const after = await pool();
  const [trade] = (await trades(await tokenOf(page))).items;
  assert.equal(trade.amount_in_units, '150000000');
  assert.equal(trade.amount_out_units, here.amountOut.toString());
  assert.equal(trade.fee_paid_units, here.fee.toString());
  assert.equal(BigInt(after.reserve_a_units), BigInt(before.reserve_a_units) + here.effective);
  assert.equal(BigInt(after.reserve_b_units), BigInt(before.reserve_b_units) - here.amountOut);
  const have = await balancesOf(server, page);
  assert.equal(have.gBTC, had.gBTC - 150_000_000n);
  assert.equal(have.gUSD, had.gUSD + here.amountOut);
  await assertWindowsShow(page, after, trade, have);
  await finish();
});

async function assertWindowsShow(page, state, trade, balances) {
  const cell = (symbol) =>
    page
      .locator('#balances tr', { has: page.getByRole('rowheader', { name: symbol, exact: true }) })
      .getByRole('cell');
  assert.equal(`${await cell('gBTC').innerText()} gBTC`, btc(balances.gBTC));
  assert.equal(`${await cell('gUSD').innerText()} gUSD`, usd(balances.gUSD));
  const reserves = `${btc(BigInt(state.reserve_a_units))}\n${usd(BigInt(state.reserve_b_units))}`;
  assert.equal(await figure(page, 'pool', 'Reserves'), reserves);
  assert.equal(
    await page.locator('#pool code').getAttribute('title'),
    `SHA-256 of the last event and all before it: ${state.head}`,
  );
  const newest = page.locator('#pool .trades li').first();
  await newest.getByText('you').waitFor();
  const exchange = `${btc(BigInt(trade.amount_in_units))} → ${usd(BigInt(trade.amount_out_units))}`;
  assert.equal((await newest.locator('.exchange').innerText()).replace(/\u00a0/g, ' '), exchange);
}

test('an exact output pays the least input, within the limit that is shown', async () => {
  const { page, finish } = await visitWithTokens();
  const wanted = 20_000_000_001n;
  const state = await pool();
  const amountIn = leastInput(state, 'AtoB', wanted);
  await receiveField(page).fill('20 000.000001');
  assert.equal(`${await payField(page).inputValue()} gBTC`, btc(amountIn));
  await page.getByRole('radio', { name: '1 %', exact: true }).check();
  assert.equal(
    await figure(page, 'swap', 'Maximum paid'),
    `${btc(maximumIn(amountIn, 100))} (slippage 1\u202f%)`,
  );
  const request = page.waitForRequest('**/api/amm/swap');
  await swapButton(page).click();
  const sent = (await request).postDataJSON();
  assert.equal(sent.amount_out, '20000.000001');
  assert.equal(`${sent.max_amount_in} gBTC`, btc(maximumIn(amountIn, 100)));
  await outcome(page).getByText('Matched to the last unit').waitFor();
  const [trade] = (await trades()).items;
  assert.equal(trade.amount_in_units, amountIn.toString());
  assert.ok(BigInt(trade.amount_out_units) >= wanted);
  await finish();
});

test('the other way round gives token A for token B', async () => {
  const { page, finish } = await visitWithTokens();
  await page.getByRole('button', { name: 'Other way: swap gUSD for gBTC' }).click();
  await payField(page).fill('65000');
  const here = quoteExactIn(await pool(), 'BtoA', 65_000_000_000n);
  assert.equal(`${await receiveField(page).inputValue()} gBTC`, btc(here.amountOut));
  await page.getByRole('button', { name: 'Swap gUSD for gBTC', exact: true }).click();
  await outcome(page).getByText('Matched to the last unit').waitFor();
  const [trade] = (await trades()).items;
  assert.deepEqual([trade.side, trade.amount_out_units], ['BtoA', here.amountOut.toString()]);
  await finish();
});

test('swaps by others that come first are repeated in the page, and the figures still match', async () => {
  const other = await otherPerson(server);
  const { page, finish } = await visitWithTokens(withoutStream);
  await freezePools(page);
  await swapOverHttp(server, other, { side: 'BtoA', amount_in: '1000' });
  await swapOverHttp(server, other, { side: 'AtoB', amount_in: '0.01' });
  await payField(page).fill('0.1');
  await swapButton(page).click();
  await outcome(page).getByText('after 2 swaps by others that came first').waitFor();
  await finish();
});

test('a price that moved past the limit is refused in a sentence, and nothing moves', async () => {
  const other = await otherPerson(server);
  const { page, finish } = await visitWithTokens(withoutStream);
  await freezePools(page);
  await swapOverHttp(server, other, { side: 'AtoB', amount_in: '1.9' });
  const had = await balancesOf(server, page);
  await page.getByRole('radio', { name: '0.1 %' }).check();
  await payField(page).fill('1');
  await swapButton(page).click();
  await outcome(page).getByText('The price moved past your limit before the swap arrived').waitFor();
  assert.deepEqual(await balancesOf(server, page), had);
  await finish();
});

test('a lost answer is asked for again with the same key, and the swap happens once', async () => {
  const { page, finish } = await visitWithTokens();
  const keys = [];
  await page.route('**/api/amm/swap', async (route) => {
    keys.push(route.request().headers()['idempotency-key']);
    if (keys.length > 1) return route.continue();
    await route.fetch();
    return route.abort('connectionreset');
  });
  await payField(page).fill('0.25');
  await swapButton(page).click();
  await outcome(page).getByText('may or may not have happened').waitFor();
  await page.reload();
  await outcome(page).getByText('may or may not have happened').waitFor();
  await payField(page).fill('0.25');
  await page.getByRole('button', { name: 'Find out about the last swap first' }).waitFor();
  await outcome(page).getByRole('button', { name: 'Send again' }).click();
  await outcome(page).getByText('Swapped 0.25').waitFor();
  assert.equal(keys.length, 2);
  assert.equal(keys[0], keys[1]);
  const own = (await trades(await tokenOf(page))).items.filter(({ user_id }) => user_id !== null);
  assert.equal(own.length, 1);
  await finish();
});

test('a server whose figures differ by one unit is called out', async () => {
  const { page, finish } = await visitWithTokens();
  await page.route('**/api/amm/swap', async (route) => {
    const response = await route.fetch();
    const body = await response.json();
    body.trade.amount_out_units = (BigInt(body.trade.amount_out_units) - 1n).toString();
    await route.fulfill({ response, json: body });
  });
  await payField(page).fill('0.5');
  await swapButton(page).click();
  await outcome(page).getByText('The server’s figures are not the ones this page computes.').waitFor();
  assert.match(
    plain(await outcome(page).innerText()),
    /Received this page [\d .]+ gUSD server [\d .]+ gUSD ≠/,
  );
  await finish();
});

test('a large price impact has to be accepted before swapping', async () => {
  const { page, finish } = await visitWithTokens();
  await page.route('**/api/me/stream', (route) => route.fulfill({ status: 503 }));
  await page.route('**/api/amm/balances', async (route) => {
    const response = await route.fetch();
    const body = await response.json();
    for (const item of body.items) item.amount_units = '9000000000000000000';
    await route.fulfill({ response, json: body });
  });
  await page.reload();
  await payField(page).fill('100');
  await page.getByText('very high').waitFor();
  assert.equal(await swapButton(page).getAttribute('aria-disabled'), 'true');
  await payField(page).press('Enter');
  const consent = page.getByRole('checkbox', { name: /I accept that/ });
  assert.equal(await consent.evaluate((box) => box === document.activeElement), true);
  await consent.check();
  await swapButton(page).click();
  await outcome(page).getByText('Your balance is smaller than this swap needs').waitFor();
  await finish();
});

test('a swap that crosses two thresholds burns twice and leaves a fee of 7.5 bps', async () => {
  const { page, finish } = await visitWithTokens();
  const { user } = await call(server, 'GET', '/auth/me', { token: await tokenOf(page) });
  const admin = await signInOverHttp(server, adminSecret);
  const gift = { target_pubkey: user.pubkey, symbol: 'gBTC', amount: '3000' };
  const headers = { 'idempotency-key': crypto.randomUUID() };
  await call(server, 'POST', '/api/amm/airdrop', { token: admin, body: gift, headers });
  await page.reload();
  await page.getByRole('button', { name: 'Max: pay all of your gBTC' }).waitFor();
  assert.equal(await figure(page, 'pool', 'Fee now'), '30 bps');
  await payField(page).fill('2500');
  await page.getByRole('checkbox', { name: /I accept that/ }).check();
  await swapButton(page).click();
  await outcome(page).getByText('Matched to the last unit').waitFor();
  await page.getByText('3 of 4. Stage 4 begins at 5\u202f000').waitFor();
  assert.equal(await figure(page, 'pool', 'Fee now'), '7.5 bps');
  const burned = await page.locator('#pool .burns li').allInnerTexts();
  assert.deepEqual(burned.map((text) => plain(text).replace(/,.*/, '')).sort(), [
    '100 PFUN at stage 2',
    '80 PFUN at stage 3',
  ]);
  await payField(page).fill('1');
  assert.match(await figure(page, 'swap', 'Fee'), /^0\.00075 gBTC \(7\.5 bps\)$/);
  assert.equal(await figure(page, 'swap', 'Stage'), '3 of 4');
  await finish();
});
