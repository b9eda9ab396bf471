/** Sats come and go: in the demo with its simulated node, and with a real LNbits. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { startBrowser, visit } from './support/browser.mjs';
import { startHush } from './support/hush.mjs';
import { startLnbits } from './support/lnbits.mjs';
import { call } from './support/nostr.mjs';
import { figure, signInWithThrowAwayKey, tokenOf } from './support/person.mjs';
import { startServer } from './support/server.mjs';

let browser;
before(async () => {
  browser = await startBrowser();
});
after(() => browser?.close());

const box = (page) => page.locator('#lightning');
const amountField = (page) => page.getByRole('textbox', { name: 'Amount', exact: true });
const invoiceField = (page) => page.getByRole('textbox', { name: 'Invoice to pay' });
const payButton = (page) => page.getByRole('form', { name: 'Withdraw' }).locator('button[type=submit]');
const holds = (page, sats) => page.locator('#sats-available').getByText(sats, { exact: true }).waitFor();
const sats = (page, server) =>
  tokenOf(page).then((token) => call(server, 'GET', '/api/lightning/balance', { token }));
const list = async (page, server, name) =>
  (await call(server, 'GET', `/api/lightning/${name}`, { token: await tokenOf(page) })).items;

/** Makes an invoice in the page and returns it as the QR code's link has it. */
async function askForInvoice(page, amount, memo = '') {
  await box(page).getByRole('button', { name: 'Deposit', exact: true }).click();
  await amountField(page).fill(amount);
  await page.getByRole('textbox', { name: /^Memo/ }).fill(memo);
  await page.getByRole('button', { name: 'Make an invoice', exact: true }).click();
  const link = box(page).getByRole('link', { name: 'Open in a wallet' });
  return (await link.getAttribute('href')).replace(/^lightning:/, '');
}

async function toWithdraw(page) {
  await box(page).getByRole('button', { name: 'Withdraw', exact: true }).click();
}

describe('with the simulated node of the demo', () => {
  let server;
  before(async () => {
    server = await startServer();
  });
  after(() => server?.stop());

  /** Opens the page as somebody who has deposited. */
  async function visitWithSats(amount, options) {
    const visited = await visit(browser, server, options);
    await signInWithThrowAwayKey(visited.page);
    await holds(visited.page, '0');
    await askForInvoice(visited.page, amount);
    await visited.page.getByRole('button', { name: 'Pay this invoice (simulated)' }).click();
    await box(visited.page).getByText(' arrived.').waitFor();
    return visited;
  }

  const trouble = async (page, next_payment) =>
    call(server, 'POST', '/api/demo/lightning/trouble', {
      token: await tokenOf(page),
      body: { next_payment },
    });

  async function payForeignInvoice(page) {
    await toWithdraw(page);
    await page.getByRole('button', { name: 'Make an invoice to pay (simulated)' }).click();
    await payButton(page).getByText('Pay 1').waitFor();
    await payButton(page).click();
  }

  test('a deposit is shown as a QR code, and arrives', async () => {
    const { page, finish } = await visit(browser, server);
    await signInWithThrowAwayKey(page);
    await holds(page, '0');
    await box(page).getByText('None yet. The first one begins with an invoice').waitFor();
    const invoice = await askForInvoice(page, '21000', 'for coffee');
    assert.match(invoice, /^lnbcrt210u1/);
    await page.getByRole('img', { name: /^QR code of a Lightning invoice: 21.000.sats$/ }).waitFor();
    assert.equal(await figure(page, 'lightning', 'Memo'), 'for coffee');
    assert.match(await figure(page, 'lightning', 'Expires'), /^in (59 min|1 h)/);
    assert.equal(await figure(page, 'lightning', 'Status'), 'waiting for the payment…');
    await page.getByRole('button', { name: 'Pay this invoice (simulated)' }).click();
    await box(page)
      .getByText(/^21.000.sats arrived\.$/)
      .waitFor();
    await holds(page, '21\u202f000');
    assert.equal((await sats(page, server)).balance_sats, 21_000);
    await box(page).locator('.payments .good').getByText('arrived').waitFor();
    await finish();
  });

  test('a withdrawal is explained before it is sent, confirms, and its unused fee comes back', async () => {
    const { page, finish } = await visitWithSats('21000');
    await toWithdraw(page);
    await page.getByRole('button', { name: 'Make an invoice to pay (simulated)' }).click();
    await payButton(page)
      .getByText(/^Pay 1.000.sats$/)
      .waitFor();
    assert.match(await figure(page, 'lightning', 'Amount'), /^1.000 sats$/);
    assert.equal(await figure(page, 'lightning', 'Network'), 'regtest');
    assert.equal(await figure(page, 'lightning', 'Fee at most'), '20 sats');
    assert.match(await figure(page, 'lightning', 'Set aside meanwhile'), /^1.020 sats/);
    await payButton(page).click();
    await box(page)
      .getByText(/^1.000.sats paid\.$/)
      .waitFor();
    const [withdrawal] = await list(page, server, 'withdrawals');
    assert.equal(withdrawal.status, 'confirmed');
    const { balance_msat, held_msat } = await sats(page, server);
    assert.equal(BigInt(balance_msat), 20_000_000n - BigInt(withdrawal.fee_msat));
    assert.equal(held_msat, '0');
    await finish();
  });

  test('a payment of which nobody knows is called so, keeps its sats aside, and is decided later', async () => {
    const { page, finish } = await visitWithSats('5000');
    await trouble(page, 'hang');
    await payForeignInvoice(page);
    await box(page).locator('.payments .open, .payments .warn').waitFor({ timeout: 20_000 });
    await box(page)
      .getByText(/^and 1.020.sats set aside/)
      .waitFor();
    assert.equal(await box(page).getByText(' paid.').count(), 0, 'nothing is claimed');
    const [{ payment_hash, status }] = await list(page, server, 'withdrawals');
    assert.equal(status, 'pending');
    const decision = { token: await tokenOf(page), body: { payment_hash, end: 'fail' } };
    await call(server, 'POST', '/api/demo/lightning/decide', decision);
    await box(page).getByText('and all your sats came back.').waitFor({ timeout: 20_000 });
    await holds(page, '5\u202f000');
    await finish();
  });

  test('a lost answer is asked for again, and pays once', async () => {
    const { page, finish } = await visitWithSats('5000');
    const keys = [];
    await page.route('**/api/lightning/withdraw', async (route) => {
      keys.push(route.request().headers()['idempotency-key']);
      if (keys.length > 1) return route.continue();
      await route.fetch();
      await route.abort();
    });
    await payForeignInvoice(page);
    await box(page).getByText('may or may not have been sent').waitFor();
    await page.reload();
    await box(page).getByText('The answer to your last withdrawal never came.').waitFor();
    await page.getByRole('button', { name: 'Send again' }).click();
    await box(page).getByText(' paid.').waitFor();
    assert.equal(new Set(keys).size, 1, 'the same key both times');
    assert.equal((await list(page, server, 'withdrawals')).length, 1);
    await finish();
  });

  test('a payment that is refused gives everything back, and says so', async () => {
    const { page, finish } = await visitWithSats('5000');
    await trouble(page, 'refuse');
    await payForeignInvoice(page);
    await box(page).getByText('The payment did not go through, and your sats came back.').waitFor();
    await box(page).getByText('failed, sats back').waitFor();
    await holds(page, '5\u202f000');
    await finish();
  });

  test('what cannot be invoiced or paid is refused in the page, and nothing is sent', async () => {
    const { page, finish } = await visitWithSats('100');
    const sent = [];
    page.on('request', (request) => {
      if (request.method() === 'POST') sent.push(request.url());
    });
    await page.getByRole('button', { name: 'Make another invoice' }).click();
    for (const [typed, sentence] of [
      ['1.5', 'Enter whole sats'],
      ['0', 'Enter at least 1 sat.'],
      ['ten', 'This is no number of sats.'],
      ['99999999999', 'A deposit can be at most'],
    ]) {
      await amountField(page).fill(typed);
      await box(page).getByText(sentence).waitFor();
      await page.keyboard.press('Enter');
    }
    await toWithdraw(page);
    await invoiceField(page).fill('lnbc1nonsense');
    await box(page).getByText('This is no complete invoice.').waitFor();
    // A button that cannot work keeps the focus and says why; pressing it sends nothing.
    await payButton(page).press('Enter');
    assert.deepEqual(sent, []);
    const token = await tokenOf(page);
    const made = await call(server, 'POST', '/api/demo/lightning/invoice', {
      token,
      body: { amount_sats: 90 },
    });
    await invoiceField(page).fill(made.payment_request);
    await box(page)
      .getByText(/^You have 100.sats; amount and highest fee together are 110.sats/)
      .waitFor();
    sent.length = 0;
    await payButton(page).press('Enter');
    assert.deepEqual(sent, []);
    await finish();
  });

  test('a payment elsewhere is shown without the stream, and in the list', async () => {
    const { page, finish } = await visit(browser, server, {
      before: (page) => page.route('**/api/me/stream', (route) => route.fulfill({ status: 503 })),
    });
    await signInWithThrowAwayKey(page);
    await askForInvoice(page, '700');
    await box(page).getByText('Asking now and then').waitFor();
    const [{ payment_hash }] = await list(page, server, 'invoices');
    const token = await tokenOf(page);
    await call(server, 'POST', '/api/demo/lightning/settle', { token, body: { payment_hash } });
    await box(page).getByText(' arrived.').waitFor();
    await holds(page, '700');
    await finish();
  });

  test('long lists come page by page', async () => {
    const { page, finish } = await visit(browser, server);
    await signInWithThrowAwayKey(page);
    const token = await tokenOf(page);
    for (let sats = 1; sats <= 7; sats += 1)
      await call(server, 'POST', '/api/lightning/deposit', { token, body: { amount_sats: sats } });
    await page.reload();
    const rows = box(page).locator('.payments li');
    await rows.nth(4).waitFor();
    assert.equal(await rows.count(), 5);
    await page.getByRole('button', { name: 'Older deposits' }).click();
    await rows.nth(6).waitFor();
    assert.match(await rows.nth(6).innerText(), /^1\ssat\n/);
    await finish();
  });
});

describe('with a real LNbits', () => {
  let lnbits;
  let hush;
  let server;
  let elsewhere;
  before(async () => {
    lnbits = await startLnbits();
    hush = await startHush(lnbits.url);
    const [ours, theirs] = await Promise.all([lnbits.wallet(0), lnbits.wallet(50_000)]);
    elsewhere = theirs;
    server = await startServer({ ...ours.settings(hush.url), POSTFUN_LIGHTNING_TIMEOUT_MS: '3000' });
  });
  after(async () => {
    await server?.stop();
    await hush?.stop();
    await lnbits?.stop();
  });

  test('the page shows a deposit arrive and a withdrawal finish', async () => {
    const { page, finish } = await visit(browser, server, { anyPool: true });
    await signInWithThrowAwayKey(page);
    await holds(page, '0');
    assert.equal(await page.getByRole('button', { name: /simulated/ }).count(), 0);
    const invoice = await askForInvoice(page, '12000', 'from elsewhere');
    assert.match(invoice, /^lnbc120u1/);
    await elsewhere.pay(invoice);
    await box(page)
      .getByText(/^12.000.sats arrived\.$/)
      .waitFor({ timeout: 20_000 });
    await holds(page, '12\u202f000');
    assert.equal(await elsewhere.balanceSats(), 38_000);

    await toWithdraw(page);
    await invoiceField(page).fill(await elsewhere.invoice(3_000, 'a book'));
    await payButton(page)
      .getByText(/^Pay 3.000.sats$/)
      .waitFor();
    assert.equal(await figure(page, 'lightning', 'Memo'), 'a book');
    assert.equal(await figure(page, 'lightning', 'Network'), 'mainnet');
    assert.equal(await figure(page, 'lightning', 'Fee at most'), '30 sats');
    await payButton(page).click();
    await box(page)
      .getByText(/^3.000.sats paid\.$/)
      .waitFor({ timeout: 20_000 });
    assert.equal(await elsewhere.balanceSats(), 41_000);
    await holds(page, '9\u202f000');
    await finish();
  });

  test('a provider that hangs up after paying leaves the outcome open, until it speaks again', async () => {
    const { page, finish } = await visit(browser, server, { anyPool: true });
    await signInWithThrowAwayKey(page);
    const invoice = await askForInvoice(page, '5000');
    await elsewhere.pay(invoice);
    await box(page).getByText(' arrived.').waitFor({ timeout: 20_000 });
    const before = await elsewhere.balanceSats();
    await toWithdraw(page);
    await invoiceField(page).fill(await elsewhere.invoice(1_000));
    await payButton(page).getByText('Pay 1').waitFor();
    hush.hush();
    await payButton(page).click();
    await box(page).getByText('Sent, outcome not known').waitFor({ timeout: 20_000 });
    await box(page).getByText('do not pay this invoice from elsewhere').waitFor();
    await box(page).getByText('not known yet').waitFor();
    await box(page)
      .getByText(/^and 1.020.sats set aside/)
      .waitFor();
    assert.equal(await box(page).getByText(' paid.').count(), 0, 'nothing is claimed');
    hush.speak();
    await box(page)
      .getByText(/^1.000.sats paid\.$/)
      .waitFor({ timeout: 30_000 });
    assert.equal(await elsewhere.balanceSats(), before + 1_000, 'paid once');
    await holds(page, '4\u202f000');
    await finish();
  });
});

test('without a provider the window says why nothing can be done', async () => {
  const server = await startServer({ POSTFUN_DEMO: 'false' });
  try {
    const { page, finish } = await visit(browser, server, { anyPool: true });
    await box(page).getByText('This server has no Lightning provider').waitFor();
    await finish();
  } finally {
    await server.stop();
  }
});
