/** The signed head: shown when it is good, remembered, and named when it is not. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { plain, startBrowser, visit } from './support/browser.mjs';
import { checkpointOf, makeNotary, nameKey, serveHistory } from './support/head.mjs';
import { makeHistory } from './support/history.mjs';
import { call, otherPerson, swapOverHttp } from './support/nostr.mjs';
import { startServer } from './support/server.mjs';

let server;
let browser;
let other;
/** Two histories of the same pool that differ from event 15 on, and go to event 20 and 2,010. */
let one;
let rewritten;
let long;

before(async () => {
  [server, browser] = await Promise.all([startServer(), startBrowser()]);
  const pool = await call(server, 'GET', '/api/amm/pools/1');
  const created = Buffer.from(await (await fetch(`${server.url}/api/amm/pools/1/history`)).arrayBuffer());
  one = makeHistory(created, pool, 20, 0);
  rewritten = makeHistory(created, pool, 25, 15);
  long = makeHistory(created, pool, 2_010, 0);
  other = await otherPerson(server);
  for (const amount_in of ['0.1', '0.02', '0.003'])
    await swapOverHttp(server, other, { side: 'AtoB', amount_in });
});

after(async () => {
  await browser?.close();
  await server?.stop();
});

const verify = (page) => page.getByRole('button', { name: 'Verify this pool' }).click();
const verifyNew = (page) => page.getByRole('button', { name: 'Verify only what is new' }).click();
const verdict = (page) => page.locator('#history-proof');
const facts = (page) => page.locator('#head-facts');
const warning = (page) => page.locator('#head-warning');

/** Changes the signed heads on their way to the page. */
async function changeHeads(page, change) {
  await page.route(/\/head(\?|$)/, async (route) => {
    const response = await route.fetch();
    await route.fulfill({ response, json: change(await response.json()) });
  });
}

test('a good signature is shown with the key, and the head is remembered', async () => {
  const { page, finish } = await visit(browser, server);
  await facts(page).getByText('signature good').waitFor();
  const { head_key } = await call(server, 'GET', '/api/config');
  assert.equal(await facts(page).locator('span').nth(1).getAttribute('title'), head_key.npub);
  assert.match(plain(await facts(page).innerText()), /Remembered event 4, seen; since \d/);
  await verify(page);
  await verdict(page).getByText('are right').waitFor();
  await facts(page).getByText('event 4, verified').waitFor();
  assert.equal(await warning(page).count(), 0);
  await finish();
});

test('a forged head is named', async () => {
  const flip = (text) => (text[0] === '0' ? '1' : '0') + text.slice(1);
  for (const field of ['head', 'signature', 'pubkey']) {
    const { page, finish } = await visit(browser, server, {
      before: (page) => changeHeads(page, (head) => ({ ...head, [field]: flip(head[field]) })),
    });
    await warning(page).getByText('The signature is not good').waitFor();
    assert.match(plain(await warning(page).innerText()), /What to do\. Do not swap now\./);
    await verify(page);
    await verdict(page).getByText('does not carry a good signature of its key').waitFor();
    await page.unroute(/\/head(\?|$)/);
    await warning(page).getByRole('button', { name: 'Look again' }).click();
    await facts(page).getByText('signature good').waitFor();
    assert.equal(await warning(page).count(), 0);
    await finish();
  }
});

test('another key is named, and trusted only when the user says so', async () => {
  const { page, finish } = await visit(browser, server);
  await facts(page).getByText('signature good').waitFor();
  const notary = makeNotary('another key');
  await nameKey(page, notary);
  await changeHeads(page, ({ pool_id, seq, head }) => notary.head({ id: pool_id, seq, head }));
  await page.reload();
  await warning(page).getByText('The server’s key has changed').waitFor();
  await page.reload();
  await warning(page).getByRole('button', { name: 'Forget the old head and trust this one' }).click();
  await facts(page).getByText('signature good').waitFor();
  assert.equal(await facts(page).locator('span').nth(1).getAttribute('title'), notary.npub);
  await page.reload();
  await facts(page).getByText('signature good').waitFor();
  await finish();
});

test('a rewritten history is named, though it is sound and signed by the same key', async () => {
  const notary = makeNotary('a dishonest server');
  const { page, finish } = await visit(browser, server, {
    before: (page) => serveHistory(page, one, notary),
  });
  await verify(page);
  await verdict(page).getByText('Recomputed 20 events').waitFor();
  await page.unrouteAll();
  await serveHistory(page, rewritten, notary);
  await page.reload();
  await warning(page).getByText('The history was rewritten').waitFor();
  const words = plain(await warning(page).innerText());
  assert.match(words, /Up to event 20 this is not the history that this browser saw before/);
  assert.match(words, /Both signatures together prove it to anyone/);
  await verify(page);
  await verdict(page).getByText('this is not the history that this browser saw before').waitFor();
  await finish();
});

test('a rewritten history is found by its events, though the server goes on showing the old head', async () => {
  const notary = makeNotary('a cunning server');
  const { page, finish } = await visit(browser, server, {
    before: (page) => serveHistory(page, one, notary),
  });
  await verify(page);
  await verdict(page).getByText('Recomputed 20 events').waitFor();
  await page.unrouteAll();
  // Asked about event 20 it signs what it signed before; its present head is of the other history.
  const states = rewritten.states.map((state, seq) => (seq === 20 ? one.states[20] : state));
  await serveHistory(page, { ...rewritten, states }, notary);
  await page.reload();
  await facts(page).getByText('signature good').waitFor();
  await verifyNew(page);
  await verdict(page)
    .getByText('The events do not go on from event 20, which this browser verified')
    .waitFor();
  await verify(page);
  await verdict(page).getByText('Up to event 20 this is not the history').waitFor();
  await finish();
});

test('a history that became shorter is named', async () => {
  const notary = makeNotary('a forgetful server');
  const { page, finish } = await visit(browser, server, {
    before: (page) => serveHistory(page, one, notary),
  });
  await facts(page).getByText('signature good').waitFor();
  await page.unrouteAll();
  const shorter = { records: one.records.slice(0, 12), states: one.states.slice(0, 13) };
  await serveHistory(page, shorter, notary);
  await page.reload();
  await warning(page).getByText('The history ends before event 20, which this browser saw before.').waitFor();
  await finish();
});

test('only what is new is verified behind what this browser verified before', async () => {
  const { page, finish } = await visit(browser, server);
  await verify(page);
  await verdict(page).getByText('are right').waitFor();
  const { seq } = await call(server, 'GET', '/api/amm/pools/1');
  for (const amount_in of ['10', '20']) await swapOverHttp(server, other, { side: 'BtoA', amount_in });
  const asked = [];
  page.on('request', (request) => {
    if (request.url().includes('/history?')) asked.push(new URL(request.url()).search);
  });
  await page.reload();
  await verifyNew(page);
  await verdict(page)
    .getByText(`Recomputed 2 events after event ${seq}, up to which this browser had verified it: hashes,`)
    .waitFor();
  assert.deepEqual(asked, [`?after_seq=${seq}&limit=2`]);
  await facts(page)
    .getByText(`event ${seq + 2}, verified`)
    .waitFor();
  const slider = page.getByRole('slider', { name: /^After event/ });
  await slider.waitFor();
  assert.equal(await slider.getAttribute('min'), String(seq + 1));
  await page.getByRole('button', { name: 'Tamper with a trade and check again' }).click();
  await page.locator('#drill').getByText('Noticed.').waitFor();
  await verifyNew(page);
  await verdict(page)
    .getByText(`Recomputed 0 events after event ${seq + 2}`)
    .waitFor();
  await finish();
});

test('a newcomer can begin behind a state that the server signed', async () => {
  const notary = makeNotary('a server with checkpoints');
  const checkpoint = { seq: 2_000, bytes: checkpointOf(long, 2_000) };
  const { page, finish } = await visit(browser, server, {
    before: (page) => serveHistory(page, long, notary, { checkpoint }),
  });
  await facts(page).getByText('signature good').waitFor();
  await verifyNew(page);
  await verdict(page).getByText('whose state the server signed: hashes,').waitFor();
  assert.match(plain(await verdict(page).innerText()), /Recomputed 10 events after event 2 000,/);
  await verify(page);
  await verdict(page)
    .getByText(/Recomputed 2\s010 events/)
    .waitFor();
  await finish();
});

test('a signed state to which the events do not lead is named', async () => {
  const notary = makeNotary('a server that signs anything');
  const bytes = checkpointOf(long, 2_000);
  bytes[bytes.length - 1] ^= 1;
  const { page, finish } = await visit(browser, server, {
    before: (page) => serveHistory(page, long, notary, { checkpoint: { seq: 2_000, bytes } }),
  });
  await verify(page);
  await verdict(page)
    .getByText(/signed a state after event 2000 to which its events do not lead \(false_checkpoint\)/)
    .waitFor();
  await finish();
});
