/** The page recomputes a pool's history from its first event, and notices whatever does not hold. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { startBrowser, visit } from './support/browser.mjs';
import { otherPerson, swapOverHttp } from './support/nostr.mjs';
import { startServer } from './support/server.mjs';

let server;
let browser;
let other;

before(async () => {
  [server, browser] = await Promise.all([startServer(), startBrowser()]);
  other = await otherPerson(server);
  for (const amount_in of ['0.1', '0.02', '0.003'])
    await swapOverHttp(server, other, { side: 'AtoB', amount_in });
});

after(async () => {
  await browser?.close();
  await server?.stop();
});

const prove = (page) => page.getByRole('button', { name: 'Verify this pool' }).click();
const verdict = (page) => page.locator('#history-proof');

/** Damages the history on its way to the page. */
async function damage(page, change) {
  await page.route('**/history?*', async (route) => {
    const response = await route.fetch();
    const body = await response.body();
    change(body);
    await route.fulfill({ response, body });
  });
}

test('a sound history is recomputed, and the next time it has to go on from there', async () => {
  const { page, finish } = await visit(browser, server);
  await prove(page);
  await verdict(page)
    .getByText('Recomputed 4 events, 3 of them swaps: hashes, fees, outputs, stages and reserves are right.')
    .waitFor();
  await swapOverHttp(server, other, { side: 'BtoA', amount_in: '65' });
  await page.reload();
  await prove(page);
  await verdict(page).getByText('It goes on from event 4, which this browser had seen.').waitFor();
  await finish();
});

test('one changed bit in the history is found', async () => {
  const { page, finish } = await visit(browser, server);
  await damage(page, (bytes) => {
    bytes[bytes.length - 40] ^= 1;
  });
  await prove(page);
  await verdict(page)
    .getByText(/The history does not hold\. [^.]*[Ee]vent \d+ [^.]+ \(replay_[a-z_]+\)\./)
    .waitFor();
  await finish();
});

test('a pool that its own events do not lead to is found', async () => {
  const { page, finish } = await visit(browser, server);
  await page.route('**/api/amm/pools/1', async (route) => {
    const response = await route.fetch();
    const body = await response.json();
    body.reserve_a_units = (BigInt(body.reserve_a_units) + 1n).toString();
    await route.fulfill({ response, json: body });
  });
  await prove(page);
  await verdict(page).getByText('The events do not lead to the reserves that the server shows.').waitFor();
  await finish();
});

test('a history other than the one seen before is found, however sound it is', async () => {
  const { page, finish } = await visit(browser, server);
  await prove(page);
  await verdict(page).getByText('This browser now remembers the head.').waitFor();
  await page.evaluate(() => {
    const pin = JSON.parse(localStorage.getItem('postfun.pin.1'));
    localStorage.setItem('postfun.pin.1', JSON.stringify({ ...pin, head: '0'.repeat(64) }));
  });
  await prove(page);
  await verdict(page).getByText('this is not the history that this browser saw before').waitFor();
  assert.match(await verdict(page).innerText(), /Ask the server’s operator/);
  await finish();
});
