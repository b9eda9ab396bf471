/** What a page can do with a whole history: verify a long one without standing still, forge, look back. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { btc, usd } from './support/amm.mjs';
import { plain, startBrowser, visit } from './support/browser.mjs';
import { makeNotary, serveHistory } from './support/head.mjs';
import { makeHistory } from './support/history.mjs';
import { call, otherPerson, swapOverHttp } from './support/nostr.mjs';
import { figure } from './support/person.mjs';
import { startServer } from './support/server.mjs';

const notary = makeNotary('a server with a long history');
const LONG = 60_000;
const CROSSING = 30_001;
/** The longest that the page may stand still, on a machine with two busy cores. */
const STILL_MS = 250;

let server;
let browser;
let long;

before(async () => {
  [server, browser] = await Promise.all([startServer(), startBrowser()]);
  const pool = await call(server, 'GET', '/api/amm/pools/1');
  const answer = await fetch(`${server.url}/api/amm/pools/1/history`);
  long = makeHistory(Buffer.from(await answer.arrayBuffer()), pool, LONG, CROSSING);
});

after(async () => {
  await browser?.close();
  await server?.stop();
});

const verify = (page) => page.getByRole('button', { name: 'Verify this pool' }).click();
const verdict = (page) => page.locator('#history-proof');
const slider = (page) => page.getByRole('slider', { name: /^After event/ });

/** Moves the slider and waits until the page shows that event. */
async function lookBack(page, seq) {
  await slider(page).fill(String(seq));
  await page
    .locator('#travel')
    .getByText(`After event ${String(seq).replace(/\B(?=(\d{3})+$)/g, '\u202f')} of`)
    .waitFor();
}

/** Gives the page the long history instead of the server's. */
async function serveLong(page) {
  await serveHistory(page, long, notary);
}

/** Keeps the longest time that the page's script could not run, in `window.still`. */
function watchStandstill(page) {
  return page.evaluate(() => {
    let last = performance.now();
    window.still = 0;
    setInterval(() => {
      const now = performance.now();
      window.still = Math.max(window.still, now - last);
      last = now;
    }, 5);
  });
}

/** Writes down every text that progress shows. */
function watchProgress(page) {
  return page.evaluate(() => {
    window.progressTexts = new Set();
    new MutationObserver(() => {
      const label = document.querySelector('label[for=proof-progress]');
      if (label !== null) window.progressTexts.add(label.textContent.replace(/\s/gu, ' '));
    }).observe(document.getElementById('history'), { subtree: true, childList: true, characterData: true });
  });
}

test('a long history is verified with progress, and the page never stands still', async (context) => {
  const { page, finish } = await visit(browser, server, { before: serveLong });
  await watchStandstill(page);
  await watchProgress(page);
  await verify(page);
  await verdict(page)
    .getByText(/^.*Recomputed 60\s000 events, 59\s999 of them swaps/)
    .waitFor();
  const millis = Number(
    /It took ([\d ]+) ms/.exec(plain(await verdict(page).innerText()))[1].replaceAll(' ', ''),
  );
  await slider(page).waitFor({ timeout: 20_000 });
  const [still, texts] = await page.evaluate(() => [window.still, [...window.progressTexts]]);
  context.diagnostic(`${LONG} events in ${millis} ms; at most ${Math.round(still)} ms without a turn`);
  assert.ok(still < STILL_MS, `the page stood still for ${still} ms`);
  assert.ok(texts.includes('Recomputed 10 000 of 60 000 events.'), texts.join('; '));
  assert.ok(texts.includes('Recomputed 50 000 of 60 000 events.'), texts.join('; '));
  await finish();
});

test('the slider shows the pool as it was after any event, stage and burns included', async () => {
  const { page, finish } = await visit(browser, server, { before: serveLong });
  await verify(page);
  await slider(page).waitFor({ timeout: 20_000 });
  for (const seq of [1, 2, 512, 513, 514, CROSSING - 1, CROSSING, CROSSING + 1, 44_444, LONG]) {
    await lookBack(page, seq);
    const { reserve_a_units, reserve_b_units, stage } = long.states[seq];
    const reserves = `${btc(BigInt(reserve_a_units))}\n${usd(BigInt(reserve_b_units))}`;
    assert.equal(await figure(page, 'travel', 'Reserves then'), reserves, `event ${seq}`);
    assert.equal(await figure(page, 'travel', 'Fee then'), stage === 1 ? '30 bps' : '15 bps', `event ${seq}`);
    assert.equal(await figure(page, 'travel', 'Burned by then'), stage === 1 ? '0 PFUN' : '100 PFUN');
    assert.match(plain(await page.locator('#travel .stage').innerText()), new RegExp(`^Stage ${stage} of 4`));
    const words = plain(await page.locator('#travel').innerText());
    assert.equal(words.includes('100 PFUN burned at stage 2'), seq === CROSSING, `event ${seq}`);
  }
  assert.match(
    await slider(page).getAttribute('aria-valuetext'),
    /^event 60000 of 60000: .+gBTC for .+gUSD$/,
  );
  await slider(page).press('ArrowLeft');
  await page.locator('#travel').getByText('After event 59\u202f999 of').waitFor();
  await finish();
});

test('a tampered trade is found and named, also with hashes forged to match', async () => {
  await swapOverHttp(server, await otherPerson(server), { side: 'AtoB', amount_in: '0.1' });
  await swapOverHttp(server, await otherPerson(server), { side: 'BtoA', amount_in: '100' });
  const { page, finish } = await visit(browser, server);
  await verify(page);
  await page.getByRole('button', { name: 'Tamper with a trade and check again' }).click();
  const found = page.locator('#drill');
  await found.getByText('Noticed.').waitFor();
  const words = plain(await found.innerText());
  const [, seq, tampered, symbol, honest] =
    /event (\d) now pays ([\d. ]+) (g\w+) instead of ([\d. ]+) g/.exec(words);
  const units = (text) => {
    const [whole, fraction = ''] = text.replaceAll(' ', '').split('.');
    return BigInt(whole + fraction.padEnd(symbol === 'gBTC' ? 8 : 6, '0'));
  };
  assert.ok(['2', '3'].includes(seq));
  assert.equal(units(tampered), units(honest) + 1n);
  assert.match(
    words,
    new RegExp(`As it stands: The hash of event ${seq} does not .+ \\(replay_hash_mismatch\\)`),
  );
  assert.match(words, new RegExp(`forged to match: Event ${seq} says amount_out .+ \\(replay_mismatch\\)`));
  await verdict(page).getByText('are right').waitFor();
  await finish();
});

test('a pool without a swap has nothing to tamper with', async () => {
  const { page, finish } = await visit(browser, server, {
    before: (page) =>
      serveHistory(page, { records: long.records.slice(0, 1), states: long.states.slice(0, 2) }, notary),
  });
  await verify(page);
  await verdict(page).getByText('Recomputed 1 event, 0 of them swaps').waitFor();
  await page.getByRole('button', { name: 'Tamper with a trade and check again' }).click();
  await page.getByText('There is no swap to tamper with yet').waitFor();
  await finish();
});

test('a worker that cannot start is said, and the next try works', async () => {
  const { page, finish } = await visit(browser, server, {
    before: (page) => page.route('**/worker-*.js', (route) => route.abort()),
  });
  await verify(page);
  await verdict(page).getByText('The history could not be recomputed here').waitFor();
  await page.unroute('**/worker-*.js');
  await verify(page);
  await verdict(page).getByText('are right').waitFor();
  await finish();
});
