/** What goes wrong is said in sentences, as one types and as requests fail. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { plain, startBrowser, visit } from './support/browser.mjs';
import { payField, receiveField, signInWithThrowAwayKey, swapButton, takeGrant } from './support/person.mjs';
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

const problem = async (page) => plain(await page.locator('#amount-problem').innerText());

test('an amount that cannot be swapped says what to do as it is typed', async () => {
  const { page, finish } = await visit(browser, server);
  await signInWithThrowAwayKey(page);
  await takeGrant(page);
  for (const [typed, sentence] of [
    ['1,5', 'Write decimals with a point, such as 1.5, and leave out commas.'],
    ['0.123456789', 'gBTC has 8 decimals. Remove 1 digit from the end.'],
    ['ten', 'This is not a number. Write digits, and a point before the decimals, such as 0.25.'],
    ['0', 'Enter an amount above zero.'],
    ['-3', 'An amount cannot be below zero. Leave out the minus sign.'],
    ['99999999999999', 'No balance of gBTC can be that large. Enter less.'],
  ]) {
    await payField(page).fill(typed);
    assert.equal(await problem(page), sentence);
    assert.equal(await payField(page).getAttribute('aria-invalid'), 'true');
    assert.equal(await swapButton(page).getAttribute('aria-disabled'), 'true');
  }
  await payField(page).fill('11');
  assert.match(await problem(page), /^You have [\d.]+ gBTC, and this swap needs 11 gBTC\. Enter less\.$/);
  await receiveField(page).fill('65000000');
  assert.match(
    await problem(page),
    /^The pool holds [\d .]+ gUSD and never pays out all of it\. Enter less\.$/,
  );
  await payField(page).fill('0.1');
  assert.equal(await problem(page), 'Quoted here, without asking the server.');
  assert.equal(await payField(page).getAttribute('aria-invalid'), 'false');
  await finish();
});

test('an amount that the fee eats names the least that works, and that works', async () => {
  const { page, finish } = await visit(browser, server);
  await page.getByRole('button', { name: 'Other way: swap gUSD for gBTC' }).click();
  await payField(page).fill('0.000001');
  let least;
  // The sentence follows the field; on a busy machine not at once.
  for (let look = 0; look < 50 && !least; look += 1) {
    least = /Enter at least ([\d.]+) gUSD\.$/.exec(await problem(page))?.[1];
    if (!least) await page.waitForTimeout(100);
  }
  assert.ok(least);
  await payField(page).fill(least);
  assert.equal(await problem(page), 'Quoted here, without asking the server.');
  assert.equal(await receiveField(page).inputValue(), '0.00000001');
  await finish();
});

test('a slippage that cannot be read is explained', async () => {
  const { page, finish } = await visit(browser, server);
  await page.getByRole('radio', { name: 'other' }).check();
  await page.getByRole('textbox', { name: 'Slippage in basis points' }).fill('5001');
  await page.getByText('Write whole basis points from 0 to 5000; 100 are 1 %.').waitFor();
  await finish();
});

test('what could not be loaded is said and can be loaded again', async () => {
  const { page, finish } = await visit(browser, server);
  await page.route('**/api/me/stream', (route) => route.fulfill({ status: 503 }));
  // An answer, if a bad one: without any, the page would try again by itself with the next sign of life.
  await page.route('**/api/amm/balances', (route) => route.fulfill({ status: 500 }));
  await signInWithThrowAwayKey(page);
  await page.getByText('The server answered with status 500. Try again.').waitFor();
  await page.unroute('**/api/amm/balances');
  await page.getByRole('button', { name: 'Try again to load balances' }).click();
  await page.getByRole('button', { name: 'Take the starter grant' }).waitFor();
  await finish();
});

test('a server that limits the number of requests is named as the reason', async () => {
  const { page, finish } = await visit(browser, server);
  const body = JSON.stringify({
    error: 'rate_limited',
    code: 'rate_limited',
    message: 'too many',
    request_id: 'r',
  });
  await page.route('**/auth/challenge', (route) =>
    route.fulfill({ status: 429, headers: { 'retry-after': '7' }, contentType: 'application/json', body }),
  );
  await page.getByRole('button', { name: 'Make a throw-away key' }).click();
  await page.getByRole('button', { name: 'Sign in with this key' }).click();
  await page.getByText('Wait 7 seconds, then try again.').waitFor();
  await finish();
});

test('without WebAssembly the page says so and tries again on request', async () => {
  const { page, finish } = await visit(browser, server, {
    before: (page) => page.route('**/*.wasm', (route) => route.abort()),
  });
  await page.getByText('The calculator (WebAssembly) did not start').waitFor();
  await page.unroute('**/*.wasm');
  await page.locator('#swap').getByRole('button', { name: 'Try again' }).click();
  await payField(page).fill('1');
  await page
    .getByText(/^1\sgBTC = /)
    .first()
    .waitFor();
  await finish();
});

test('data that arrives before the calculator waits for it', async () => {
  const { page, finish } = await visit(browser, server);
  await signInWithThrowAwayKey(page);
  await takeGrant(page);
  let release;
  const held = new Promise((resolve) => {
    release = resolve;
  });
  await page.route('**/*.wasm', async (route) => {
    await held;
    await route.continue();
  });
  await page.reload();
  const cell = page.locator('#balances td').first();
  await page.getByText('Signed in as').waitFor();
  await cell.getByText('…').waitFor();
  release();
  await cell.getByText('2', { exact: true }).waitFor();
  await finish();
});

test('a page that lost its server says so and recovers by itself', async () => {
  const { page, context, finish } = await visit(browser, server);
  await context.setOffline(true);
  await page.getByRole('status').getByText('this device is offline').waitFor();
  await context.setOffline(false);
  await page.getByRole('status').getByText('online', { exact: true }).waitFor();
  await finish();
});
