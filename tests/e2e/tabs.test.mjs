/** Several tabs of one browser: one session, one refresh for all, answers that are lost, and one end. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { startBrowser, visit } from './support/browser.mjs';
import { call } from './support/nostr.mjs';
import { signInWithThrowAwayKey, tokenOf } from './support/person.mjs';
import { startServer } from './support/server.mjs';

const TABS = 5;

let server;
let browser;

before(async () => {
  [server, browser] = await Promise.all([startServer(), startBrowser()]);
});

after(async () => {
  await browser?.close();
  await server?.stop();
});

const stored = (page) => page.evaluate(() => JSON.parse(localStorage.getItem('postfun.session')));
const signedIn = (page) => page.getByText('Signed in as').waitFor();

/** Signs in and opens more tabs, each signed in by itself. */
async function manyTabs() {
  const visited = await visit(browser, server);
  await signInWithThrowAwayKey(visited.page);
  const tabs = [visited.page];
  while (tabs.length < TABS) {
    const tab = await visited.context.newPage();
    await tab.goto(`${server.url}/`);
    await signedIn(tab);
    tabs.push(tab);
  }
  return { ...visited, tabs };
}

/** Lets the access token end soon for all tabs, or damages it, as after a long sleep. */
async function tamper(page, change) {
  await page.evaluate((changes) => {
    const tokens = JSON.parse(localStorage.getItem('postfun.session'));
    localStorage.setItem('postfun.session', JSON.stringify({ ...tokens, ...changes }));
  }, change);
}

/** Counts refreshes of all tabs, and loses the answers of the first `lost`: the server has given them. */
async function watchRefreshes(context, lost = 0) {
  const seen = { count: 0 };
  await context.route('**/api/auth/refresh', async (route) => {
    seen.count += 1;
    if (seen.count > lost) return route.continue();
    await route.fetch();
    return route.abort();
  });
  return seen;
}

for (const lost of [0, 1, 2]) {
  test(`${TABS} tabs refresh once for all when ${lost} answers are lost`, async () => {
    const { context, tabs, finish } = await manyTabs();
    const before = await stored(tabs[0]);
    const seen = await watchRefreshes(context, lost);
    await tamper(tabs[0], { endsAt: 0 });
    await Promise.all(tabs.map((tab) => tab.reload()));
    await Promise.all(tabs.map(signedIn));
    assert.equal(seen.count, 1 + lost);
    const now = await stored(tabs[0]);
    assert.notEqual(now.refresh, before.refresh);
    for (const tab of tabs) assert.deepEqual(await stored(tab), now);
    await context.unrouteAll({ behavior: 'ignoreErrors' });
    await finish();
  });
}

test('a refused access token is replaced without anybody noticing', async () => {
  const { context, tabs, finish } = await manyTabs();
  const seen = await watchRefreshes(context);
  await tamper(tabs[0], { access: 'not a token' });
  await Promise.all(tabs.map((tab) => tab.reload()));
  await Promise.all(tabs.map(signedIn));
  // A page that is being left may have asked too; its answer is lost with it.
  assert.ok(seen.count >= 1 && seen.count <= TABS, `${seen.count}`);
  const { user } = await call(server, 'GET', '/auth/me', { token: await tokenOf(tabs[0]) });
  assert.ok(user.id > 0);
  await context.unrouteAll({ behavior: 'ignoreErrors' });
  await finish();
});

test('a thief with an old refresh token ends the session in every tab', async () => {
  const { tabs, finish } = await manyTabs();
  const stolen = (await stored(tabs[0])).refresh;
  await tamper(tabs[0], { endsAt: 0 });
  await tabs[0].reload();
  await signedIn(tabs[0]);
  const theft = await fetch(`${server.url}/api/auth/refresh`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ refreshToken: stolen }),
  });
  assert.equal((await theft.json()).code, 'refresh_token_reused');
  const ended = (tab) =>
    tab.getByText('Your session ended. Sign in again').first().waitFor({ timeout: 3_000 });
  await Promise.all(tabs.map(ended));
  assert.equal(await tokenOf(tabs[0]), null);
  await finish();
});

test('signing in and out in one tab does so in all', async () => {
  const { page, context, finish } = await visit(browser, server);
  const second = await context.newPage();
  await second.goto(`${server.url}/`);
  await second.getByRole('button', { name: 'Make a throw-away key' }).waitFor();
  await signInWithThrowAwayKey(page);
  await signedIn(second);
  await second.getByRole('button', { name: 'Sign out' }).click();
  await page.getByText('Your session ended. Sign in again').first().waitFor();
  await finish();
});
