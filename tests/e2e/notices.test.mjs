/** What a person wants to be told, and when not: kept by the server, told honestly by the page. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { startBrowser, visit } from './support/browser.mjs';
import { call } from './support/nostr.mjs';
import { signInWithThrowAwayKey, tokenOf } from './support/person.mjs';
import { startServer } from './support/server.mjs';

const PATH = '/api/v1/notifications/preferences/me';

let server;
let browser;

before(async () => {
  [server, browser] = await Promise.all([startServer(), startBrowser()]);
});

after(async () => {
  await browser?.close();
  await server?.stop();
});

const openNotices = (page) => page.getByRole('button', { name: 'Notices', exact: true }).click();
const check = (page, name) => page.getByRole('checkbox', { name });
const save = (page) => page.getByRole('button', { name: 'Save', exact: true });
const kept = async (page, path = PATH) =>
  (await call(server, 'GET', `${path}?times=clock`, { token: await tokenOf(page) })).data;

/** Somebody whose browser is in Tokyo, with the notices open. */
async function come(options) {
  const visited = await visit(browser, server, { timezoneId: 'Asia/Tokyo', ...options });
  await signInWithThrowAwayKey(visited.page);
  await openNotices(visited.page);
  await check(visited.page, 'Push').waitFor();
  return visited;
}

/** A time of day in Tokyo, some hours from now. */
function inTokyo(hours) {
  const at = Date.now() + hours * 3_600_000;
  return new Intl.DateTimeFormat('en-GB', { timeZone: 'Asia/Tokyo', timeStyle: 'short' }).format(at);
}

test('what is on and off is what the server keeps, and saving changes that alone', async () => {
  const { page, finish } = await come();
  await page.getByText('This server itself sends nothing yet').waitFor();
  const names = [
    'Push',
    'E-mail',
    'Text messages',
    'Your money',
    'Sign-ins, keys and sessions',
    'What is new',
  ];
  const states = await Promise.all(names.map((name) => check(page, name).isChecked()));
  assert.deepEqual(states, [true, true, false, true, true, true]);
  assert.equal(await save(page).getAttribute('aria-disabled'), 'true', 'there is nothing to save');
  await check(page, 'Text messages').check();
  await check(page, 'What is new').uncheck();
  const [request] = await Promise.all([page.waitForRequest((r) => r.method() === 'PUT'), save(page).click()]);
  assert.deepEqual(request.postDataJSON(), { smsEnabled: true, productUpdates: false });
  await page.getByText('Saved.').waitFor();
  const now = await kept(page);
  assert.deepEqual([now.smsEnabled, now.productUpdates, now.pushEnabled], [true, false, true]);
  await page.reload();
  await page.getByText('Signed in as').waitFor();
  await openNotices(page);
  await check(page, 'Text messages').waitFor();
  assert.equal(await check(page, 'Text messages').isChecked(), true);
  await page.getByRole('button', { name: 'Back to the defaults' }).click();
  await page.getByText('Everything is as it was in the beginning.').waitFor();
  assert.equal((await kept(page)).smsEnabled, false);
  await finish();
});

test('quiet hours begin as a night in the browser’s zone, and the page says whether it is quiet now', async () => {
  const { page, finish } = await come();
  await check(page, 'Be quiet at certain hours').check();
  const [from, until] = [page.getByLabel('From'), page.getByLabel('until')];
  const zone = page.getByLabel('On the clock of');
  assert.deepEqual(
    [await from.inputValue(), await until.inputValue(), await zone.inputValue()],
    ['22:00', '07:00', 'Asia/Tokyo'],
  );
  assert.equal(await page.locator('#quiet-now').count(), 0, 'nothing was saved yet');
  const [start, end] = [inTokyo(-2), inTokyo(3)];
  await from.fill(start);
  await until.fill(end);
  await save(page).click();
  await page.getByText(`It is quiet now, until ${end} on the clock of Asia/Tokyo.`).waitFor();
  const now = await kept(page);
  assert.deepEqual(
    [now.quietHoursEnabled, now.quietHoursStart, now.quietHoursEnd, now.timezone],
    [true, `${start}:00`, `${end}:00`, 'Asia/Tokyo'],
  );
  await from.fill(inTokyo(2));
  await save(page).click();
  await page
    .getByText(`It is not quiet now; it will be from ${inTokyo(2)} on the clock of Asia/Tokyo.`)
    .waitFor();
  await zone.selectOption('UTC');
  await until.fill('');
  await page.getByText('Say when the quiet hours end.').waitFor();
  await save(page).click({ force: true });
  assert.equal((await kept(page)).timezone, 'Asia/Tokyo', 'half of the hours is not saved');
  await finish();
});

test('everything can be done with the keyboard alone', async () => {
  const { page, finish } = await come();
  await check(page, 'Push').focus();
  await page.keyboard.press('Space');
  for (let presses = 0; presses < 12; presses += 1) {
    await page.keyboard.press('Tab');
    if ((await page.evaluate(() => document.activeElement?.textContent)) === 'Save') break;
  }
  await page.keyboard.press('Enter');
  await page.getByText('Saved.').waitFor();
  assert.equal((await kept(page)).pushEnabled, false);
  await finish();
});

test('a refusal keeps what was typed, and a list that cannot be had can be asked for again', async () => {
  const { page, finish } = await come();
  await check(page, 'Push').uncheck();
  await page.route('**/api/v1/notifications/**', (route) => route.abort());
  await save(page).click();
  await page.getByText('The server did not answer. Check your connection, then try again.').waitFor();
  assert.equal(await check(page, 'Push').isChecked(), false);
  await page.unroute('**/api/v1/notifications/**');
  await save(page).click();
  await page.getByText('Saved.').waitFor();
  await openNotices(page);
  await page.route('**/api/v1/notifications/**', (route) => route.fulfill({ status: 503 }));
  await openNotices(page);
  await page.getByText('What you see is the last state of the notices that arrived.').waitFor();
  await page.unroute('**/api/v1/notifications/**');
  await page.getByRole('button', { name: 'Try again to load notices' }).click();
  await page.getByRole('button', { name: 'Try again to load notices' }).waitFor({ state: 'detached' });
  await finish();
});
