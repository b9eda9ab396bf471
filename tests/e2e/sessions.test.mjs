/** The list of one's sessions, and ending them: the page that was ended says so at once. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { startBrowser, visit } from './support/browser.mjs';
import { call, installExtension, signInOverHttp } from './support/nostr.mjs';
import { signInWithExtension, signInWithThrowAwayKey, tokenOf } from './support/person.mjs';
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

const openSessions = (page) => page.getByRole('button', { name: 'Sessions', exact: true }).click();
const rows = (page) => page.getByRole('list', { name: 'Your sessions' }).getByRole('listitem');
const ended = (page, options) => page.getByText('Your session ended. Sign in again').waitFor(options);

/** The same person in a browser of their own for each: one extension that signs for all. */
async function manyBrowsers(count) {
  let secret;
  const visits = [];
  for (let number = 0; number < count; number += 1) {
    const visited = await visit(browser, server, {
      before: async (page) => {
        ({ secret } = await installExtension(page, { delayMs: 0, secret }));
      },
    });
    await signInWithExtension(visited.page);
    visits.push(visited);
  }
  return { visits, pages: visits.map(({ page }) => page), secret };
}

test('each session is listed with device, key, platform and last use, this one first', async () => {
  const { page, finish } = await visit(browser, server);
  await signInWithThrowAwayKey(page);
  const npub = await page.locator('#account code').first().getAttribute('title');
  await openSessions(page);
  const row = rows(page);
  await row.first().waitFor();
  assert.equal(await row.count(), 1);
  const text = await row.innerText();
  assert.match(text, /^Chrome on Linux\s+this one/);
  assert.match(text, /web from 127\.0\.0\.1/);
  assert.ok(text.includes(`Signed in with Nostr ${npub.slice(0, 8)}…${npub.slice(-4)}`), text);
  assert.match(text, /Last used \d\d:\d\d:\d\d, since \d\d:\d\d:\d\d/);
  await page.getByText('You are signed in nowhere else.').waitFor();
  assert.equal(await page.getByRole('button', { name: 'End the others' }).count(), 0);
  await openSessions(page);
  await rows(page).waitFor({ state: 'detached' });
  await finish();
});

test('ending one session ends that alone, and its page says so at once', async () => {
  const { visits, pages } = await manyBrowsers(3);
  const [mine, second, third] = pages;
  await openSessions(mine);
  await mine
    .getByRole('button', { name: /^End the session on/ })
    .nth(1)
    .waitFor();
  assert.equal(await rows(mine).count(), 3);
  // The session used last comes first among the others.
  await mine
    .getByRole('button', { name: /^End the session on/ })
    .first()
    .click();
  await mine.getByText('“Chrome on Linux” is signed out; the server refuses it from now on.').waitFor();
  await ended(third, { timeout: 3_000 });
  await third.getByText('It was ended from another place. If that was not you,').waitFor();
  await rows(mine).nth(2).waitFor({ state: 'detached' });
  assert.equal(await rows(mine).count(), 2);
  assert.equal(await second.getByText('Signed in as').count(), 1);
  for (const { finish } of visits) await finish();
});

test('ending the others leaves this one, and all the others say so at once', async () => {
  const { visits, pages, secret } = await manyBrowsers(3);
  const elsewhere = await signInOverHttp(server, secret);
  const [mine, ...others] = pages;
  const second = await visits[1].context.newPage();
  await second.goto(`${server.url}/`);
  await second.getByText('Signed in as').waitFor();
  await openSessions(mine);
  await mine.getByText('A device without a name').waitFor();
  await mine.getByRole('button', { name: 'End the others' }).press('Enter');
  await mine.getByText('3 other sessions are signed out; the server refuses them from now on.').waitFor();
  await Promise.all([...others, second].map((page) => ended(page, { timeout: 3_000 })));
  await assert.rejects(call(server, 'GET', '/auth/me', { token: elsewhere }), /401/);
  await mine.getByText('You are signed in nowhere else.').waitFor();
  const { user } = await call(server, 'GET', '/auth/me', { token: await tokenOf(mine) });
  assert.ok(user.id > 0, 'the own session lives on');
  for (const { finish } of visits) await finish();
});

test('a list that cannot be had, and an ending that is refused, are told in sentences', async () => {
  const { visits, pages } = await manyBrowsers(2);
  const [mine] = pages;
  await mine.route('**/api/v1/sessions/**', (route) => route.fulfill({ status: 503 }));
  await openSessions(mine);
  await mine.getByText('The server answered with status 503.').waitFor();
  await mine.unroute('**/api/v1/sessions/**');
  await mine.getByRole('button', { name: 'Try again to load sessions' }).click();
  await mine.getByRole('button', { name: /^End the session on/ }).waitFor();
  await mine.route('**/api/v1/sessions/**', (route) =>
    route.request().method() === 'DELETE' ? route.abort() : route.continue(),
  );
  await mine.getByRole('button', { name: 'End the others' }).click();
  await mine.getByText('The server did not answer. Check your connection, then try again.').waitFor();
  assert.equal(await rows(mine).count(), 2);
  for (const { finish } of visits) await finish();
});
