/** What a person does in the page. */
import { call } from './nostr.mjs';

export async function signInWithExtension(page) {
  await page.getByRole('button', { name: 'Sign in with extension' }).click();
  await page.getByText('Signed in as').waitFor();
}

export async function signInWithThrowAwayKey(page) {
  await page.getByRole('button', { name: 'Make a throw-away key' }).click();
  await page.getByRole('button', { name: 'Sign in with this key' }).click();
  await page.getByText('Signed in as').waitFor();
}

export async function takeGrant(page) {
  await page.getByRole('button', { name: 'Take the starter grant' }).click();
  await page.getByText('Your starter tokens are here').waitFor();
}

export const payField = (page) => page.getByRole('textbox', { name: /^You pay/ });
export const receiveField = (page) => page.getByRole('textbox', { name: /^You receive/ });
export const swapButton = (page) => page.locator('#swap form button[type=submit]');
export const outcome = (page) => page.locator('#swap-outcome');

/** The token of the page's session, for asking the server the same questions. */
export const tokenOf = (page) =>
  page.evaluate(() => JSON.parse(localStorage.getItem('postfun.session'))?.access ?? null);

/** The balances in base units, by symbol, as the server has them. */
export async function balancesOf(server, page) {
  const { items } = await call(server, 'GET', '/api/amm/balances', { token: await tokenOf(page) });
  return Object.fromEntries(items.map(({ symbol, amount_units }) => [symbol, BigInt(amount_units)]));
}

/** A named figure of a window, such as “Fee” of “Swap”; the first of that name. */
export async function figure(page, windowId, name) {
  const row = page
    .locator(`#${windowId} .figures > div`)
    .filter({ has: page.getByText(name, { exact: true }) });
  return (await row.first().locator('dd').innerText()).replace(/[\u00a0]/g, ' ').trim();
}
