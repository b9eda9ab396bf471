/** The drawings: what they show, in pixels and in words. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { btc, quoteExactIn, usd } from './support/amm.mjs';
import { plain, startBrowser, visit } from './support/browser.mjs';
import { call, otherPerson, swapOverHttp } from './support/nostr.mjs';
import { payField } from './support/person.mjs';
import { startServer } from './support/server.mjs';

let server;
let browser;
let other;

before(async () => {
  [server, browser] = await Promise.all([startServer(), startBrowser()]);
  other = await otherPerson(server);
});

after(async () => {
  await browser?.close();
  await server?.stop();
});

const pool = () => call(server, 'GET', '/api/amm/pools/1');
const swap = (side, amount_in) => swapOverHttp(server, other, { side, amount_in });
const drawing = (page, id) => page.locator(`#${id} canvas`);
const words = async (page, id) => plain(await page.locator(`#${id} figcaption`).innerText());

/** The price of 1 gBTC with eight significant digits, cut. */
function priceOf({ reserve_a_units, reserve_b_units }) {
  const thousandths = (BigInt(reserve_b_units) * 100_000n) / BigInt(reserve_a_units);
  const text = thousandths.toString();
  return `${text.slice(0, -3)}.${text.slice(-3)}`.replace(/\.?0+$/, '');
}

const ungrouped = (text) => text.replace(/(?<=\d) (?=\d)/g, '');

/** How many pixels of a canvas have exactly this colour of the style sheet. */
function pixels(page, id, property) {
  return drawing(page, id).evaluate((canvas, name) => {
    const [red, green, blue] = getComputedStyle(canvas.closest('.plot'))[name].match(/\d+/g).map(Number);
    // A copy, since reading a canvas often makes the browser complain and draw it otherwise.
    const copy = new OffscreenCanvas(canvas.width, canvas.height).getContext('2d', {
      willReadFrequently: true,
    });
    copy.drawImage(canvas, 0, 0);
    const { data } = copy.getImageData(0, 0, canvas.width, canvas.height);
    let count = 0;
    for (let at = 0; at < data.length; at += 4)
      if (data[at] === red && data[at + 1] === green && data[at + 2] === blue && data[at + 3] === 255)
        count += 1;
    return count;
  }, property);
}

/** Waits until a colour covers at least, or with 0 exactly, so many pixels; drawings follow the words. */
async function assertDrawn(page, id, property, least, what) {
  const isEnough = (count) => (least === 0 ? count === 0 : count >= least);
  let count = await pixels(page, id, property);
  for (let tries = 0; tries < 20 && !isEnough(count); tries += 1) {
    await page.waitForTimeout(100);
    count = await pixels(page, id, property);
  }
  assert.ok(isEnough(count), `${what}: ${count} pixels`);
}

const LINE = 'outlineColor';
const MARK = 'textDecorationColor';

test('the price is drawn from the first swap on, follows live, and can be read point by point', async () => {
  const { page, finish } = await visit(browser, server);
  await page.getByText('The price is drawn from the first swap on.').waitFor();
  const states = [await pool()];
  for (const [side, amount] of [
    ['AtoB', '1'],
    ['AtoB', '0.5'],
    ['BtoA', '30000'],
  ]) {
    await swap(side, amount);
    states.push(await pool());
  }
  await page.locator('#price-chart figcaption').getByText('Over the last 3 swaps').waitFor();
  await drawing(page, 'price-chart').waitFor();
  const prices = states.map(priceOf);
  const sorted = [...prices].sort((left, right) => Number(left) - Number(right));
  const summary = `Over the last 3 swaps the price of 1 gBTC went from ${prices[0]} to ${prices[3]} gUSD; lowest ${sorted[0]}, highest ${sorted[3]}.`;
  assert.equal(ungrouped(await words(page, 'price-chart')), summary);
  const label = await page.locator('#price-chart').getByRole('img').getAttribute('aria-label');
  assert.equal(ungrouped(plain(label)), summary);
  await assertDrawn(page, 'price-chart', LINE, 200, 'there is a line');
  const over = page.locator('#price-chart .u-over');
  const { width, height } = await over.boundingBox();
  await over.hover({ position: { x: width / 3, y: height / 2 } });
  await page.locator('#price-chart figcaption').getByText('After event 2').waitFor();
  assert.ok(ungrouped(await words(page, 'price-chart')).endsWith(`1 gBTC = ${prices[1]} gUSD.`));
  await finish();
});

test('the curve shows the swap that is typed, and where it ends', async () => {
  const { page, finish } = await visit(browser, server);
  await drawing(page, 'curve-chart').waitFor();
  const state = await pool();
  const reserves = (a, b) => `${btc(a)} and ${usd(b)}`.replace(/\s/gu, ' ');
  const [a, b] = [BigInt(state.reserve_a_units), BigInt(state.reserve_b_units)];
  assert.match(
    await words(page, 'curve-chart'),
    /^The pool holds [\d. ]+ gBTC and [\d. ]+ gUSD\. Every swap/,
  );
  await assertDrawn(page, 'curve-chart', LINE, 200, 'there is a line');
  await assertDrawn(page, 'curve-chart', MARK, 0, 'and no swap on it');
  await payField(page).fill('1.5');
  const { effective, amountOut } = quoteExactIn(state, 'AtoB', 150_000_000n);
  const sentence = `would move the pool from ${reserves(a, b)} to ${reserves(a + effective, b - amountOut)}:`;
  await page.locator('#curve-chart figcaption').getByText('Your swap').waitFor();
  assert.ok((await words(page, 'curve-chart')).includes(sentence));
  await assertDrawn(page, 'curve-chart', MARK, 100, 'the swap is drawn');
  await payField(page).fill('');
  await page.locator('#curve-chart figcaption').getByText('Every swap').waitFor();
  await assertDrawn(page, 'curve-chart', MARK, 0, 'the swap is gone');
  await finish();
});

test('the drawings change with the theme, and with the width of the window', async () => {
  const { page, finish } = await visit(browser, server, { colorScheme: 'light' });
  await drawing(page, 'curve-chart').waitFor();
  const light = await page
    .locator('#curve-chart .plot')
    .evaluate((plot) => getComputedStyle(plot).outlineColor);
  await page.getByRole('button', { name: 'Dark theme' }).click();
  const dark = await page
    .locator('#curve-chart .plot')
    .evaluate((plot) => getComputedStyle(plot).outlineColor);
  assert.notEqual(dark, light);
  await assertDrawn(page, 'curve-chart', LINE, 200, 'it is drawn in the dark colour');
  await page.setViewportSize({ width: 390, height: 844 });
  await page.waitForFunction(() => document.querySelector('#curve-chart canvas').clientWidth < 360);
  await assertDrawn(page, 'curve-chart', LINE, 200, 'it is drawn again');
  await finish();
});

test('the event that is looked back at is marked in the price', async () => {
  const { page, finish } = await visit(browser, server);
  await page.getByRole('button', { name: 'Verify this pool' }).click();
  const slider = page.getByRole('slider', { name: /^After event/ });
  await slider.waitFor();
  await assertDrawn(page, 'price-chart', MARK, 20, 'the event is marked');
  await finish();
});

test('a drawing that cannot be loaded leaves its words', async () => {
  const { page, finish } = await visit(browser, server, {
    before: (page) => page.route('**/uPlot*.js', (route) => route.abort()),
  });
  await page.locator('#curve-chart').getByText('The drawing could not be loaded').waitFor();
  assert.match(await words(page, 'curve-chart'), /^The pool holds/);
  await finish();
});
