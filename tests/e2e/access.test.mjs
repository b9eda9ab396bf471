/** Keyboard, screen reader, contrast and small screens; leaves screenshots in out/. */
import assert from 'node:assert/strict';
import { mkdir, readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { startBrowser, visit } from './support/browser.mjs';
import { signInOverHttp } from './support/nostr.mjs';
import {
  outcome,
  payField,
  receiveField,
  signInWithThrowAwayKey,
  swapButton,
  takeGrant,
} from './support/person.mjs';
import { startPrivy } from './support/privy.mjs';
import { startServer } from './support/server.mjs';

const OUT = fileURLToPath(new URL('out/', import.meta.url));
const axeSource = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

let server;
let browser;

before(async () => {
  await mkdir(OUT, { recursive: true });
  [server, browser] = await Promise.all([startServer(), startBrowser()]);
});

after(async () => {
  await browser?.close();
  await server?.stop();
});

/** Runs axe with its WCAG rules up to AA and its best practices, and expects nothing. */
async function assertAccessible(page, state) {
  // What happens to lie under the menu bar where the page was scrolled to is no finding.
  await page.evaluate(() => scrollTo({ top: 0, behavior: 'instant' }));
  await page.evaluate(axeSource);
  const violations = await page.evaluate(async () => {
    const results = await globalThis.axe.run(document, {
      runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'],
    });
    return results.violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`);
  });
  assert.deepEqual(violations, [], state);
}

/** The part of the page that is wider than the screen. */
const overflow = (page) =>
  page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);

for (const [width, height] of [
  [1280, 900],
  [390, 844],
]) {
  for (const colorScheme of ['light', 'dark']) {
    test(`every state is accessible and fits at ${width} pixels, ${colorScheme}`, async () => {
      const options = { viewport: { width, height }, colorScheme };
      const { page, finish } = await visit(browser, server, options);
      let step = 0;
      const look = async (state) => {
        await page.locator('#curve-chart canvas').waitFor();
        await assertAccessible(page, state);
        assert.equal(await overflow(page), 0, state);
        step += 1;
        await page.screenshot({ path: `${OUT}${width}-${colorScheme}-${step}-${state}.png`, fullPage: true });
      };
      await look('signed-out');
      await signInWithThrowAwayKey(page);
      await page.getByText('About this key').click();
      await page.getByRole('checkbox', { name: /Keep it in this tab/ }).check();
      await look('signed-in');
      await takeGrant(page);
      await payField(page).fill('1.5');
      await look('quoted');
      await swapButton(page).click();
      await outcome(page).getByText('Matched to the last unit').waitFor();
      await outcome(page).getByText('Compare the figures').click();
      await page.getByRole('button', { name: 'Verify this pool' }).click();
      await page.getByText('hashes, fees, outputs, stages and reserves are right').waitFor();
      await page.getByRole('button', { name: 'Tamper with a trade and check again' }).click();
      await page.getByText('Noticed.').waitFor();
      await page.getByRole('slider').waitFor();
      await look('swapped');
      await payField(page).fill('800');
      await look('refused');
      await page.getByRole('button', { name: 'Roll up Swap' }).click();
      for (const [state, action] of [...lightningStates(page), ...accountStates(page)]) {
        await action();
        await look(state);
      }
      await finish();
    });
  }
}

/** The states of the Lightning window, and how a person gets from one to the next. */
function lightningStates(page) {
  const box = page.locator('#lightning');
  const press = (name) => box.getByRole('button', { name, exact: true }).click();
  return [
    [
      'invoice',
      async () => {
        await page.getByRole('textbox', { name: 'Amount', exact: true }).fill('21000');
        await page
          .getByRole('textbox', { name: /^Memo/ })
          .fill('Two coffees and a very long walk by the sea');
        await press('Make an invoice');
        await box.getByRole('img', { name: /^QR code/ }).waitFor();
      },
    ],
    [
      'deposited',
      async () => {
        await press('Pay this invoice (simulated)');
        await box.getByText(' arrived.').waitFor();
      },
    ],
    [
      'invoice-read',
      async () => {
        await press('Withdraw');
        await press('Make an invoice to pay (simulated)');
        await box.getByRole('button', { name: /^Pay 1.000.sats$/ }).waitFor();
      },
    ],
    [
      'withdrawn',
      async () => {
        await box.getByRole('button', { name: /^Pay 1.000.sats$/ }).click();
        await box.getByText(' paid.').waitFor();
      },
    ],
    [
      'not-an-invoice',
      async () => {
        await press('Pay another invoice');
        await page.getByRole('textbox', { name: 'Invoice to pay' }).fill('lnbcrt1nonsense');
        await box.getByText('This is no complete invoice.').waitFor();
      },
    ],
  ];
}

/** The parts of the account window, and how a person gets from one to the next. */
function accountStates(page) {
  const part = (name) => page.getByRole('button', { name, exact: true }).click();
  return [
    [
      'keys',
      async () => {
        await part('Keys');
        await page.getByText('This is the only key of your account, so it stays.').waitFor();
      },
    ],
    [
      'sessions',
      async () => {
        await signInAsThisPage(page);
        await part('Sessions');
        await page.getByRole('button', { name: 'End the others' }).waitFor();
      },
    ],
    [
      'sessions-ended',
      async () => {
        await page.getByRole('button', { name: 'End the others' }).click();
        await page.getByText('You are signed in nowhere else.').waitFor();
      },
    ],
    [
      'notices',
      async () => {
        await part('Notices');
        await page.getByRole('checkbox', { name: 'Be quiet at certain hours' }).check();
        await page.getByRole('button', { name: 'Save', exact: true }).click();
        await page.getByText('Saved.').waitFor();
      },
    ],
    [
      'notices-half',
      async () => {
        await page.getByLabel('until').fill('');
        await page.getByText('Say when the quiet hours end.').waitFor();
      },
    ],
  ];
}

/** Signs the page's throw-away key in once more, elsewhere. */
async function signInAsThisPage(page) {
  const secret = await page.evaluate(() => sessionStorage.getItem('postfun.throw-away-key'));
  await signInOverHttp(server, Buffer.from(secret, 'hex'));
}

test('signing in and confirming by e-mail is accessible and fits in every step', async () => {
  const privy = await startPrivy();
  const withPrivy = await startServer(privy.settings);
  for (const [width, colorScheme] of [
    [1280, 'light'],
    [390, 'dark'],
  ]) {
    const options = { viewport: { width, height: 844 }, colorScheme, friends: [privy.url] };
    const { page, finish } = await visit(browser, withPrivy, options);
    const look = async (state) => {
      await page.locator('#curve-chart canvas').waitFor();
      await assertAccessible(page, state);
      assert.equal(await overflow(page), 0, state);
      await page.screenshot({ path: `${OUT}${width}-${colorScheme}-${state}.png` });
    };
    await look('email-1-offered');
    await page.getByRole('button', { name: 'Sign in by e-mail' }).click();
    const address = page.getByRole('textbox', { name: 'E-mail address' });
    await address.fill('ada');
    await address.press('Enter');
    await page.getByText('This is no e-mail address.').waitFor();
    await look('email-2-address');
    await address.fill('somebody.with.quite.a.long.name@mail.example.org');
    await address.press('Enter');
    await page.getByRole('textbox', { name: 'Code from the e-mail' }).waitFor();
    await look('email-3-code');
    await page
      .getByRole('textbox', { name: 'Code from the e-mail' })
      .fill(privy.codeFor('somebody.with.quite.a.long.name@mail.example.org'));
    await page.getByRole('button', { name: 'Sign in with the code' }).click();
    await page.getByRole('button', { name: 'Keys', exact: true }).click();
    await page.getByRole('button', { name: 'Make a throw-away key and link it' }).click();
    await page.getByRole('button', { name: 'Prove it by e-mail' }).waitFor();
    await look('email-4-link-confirmed-by-it');
    await finish();
  }
  await withPrivy.stop();
  await privy.stop();
});

test('a swap needs nothing but the keyboard', async () => {
  const { page, finish } = await visit(browser, server);
  await signInWithThrowAwayKey(page);
  await takeGrant(page);
  await page.evaluate(() => document.activeElement?.blur());
  await page.reload();
  await page.getByText('Signed in as').waitFor();
  await page.keyboard.press('Tab');
  assert.equal(await focused(page), 'Skip to the swap');
  await page.keyboard.press('Enter');
  await tabUntil(page, (name) => name.startsWith('You pay'));
  await page.keyboard.type('0.5');
  await tabUntil(page, (name) => name.startsWith('You receive'));
  await tabUntil(page, (name) => name === 'Swap gBTC for gUSD');
  await page.keyboard.press('Enter');
  await outcome(page).getByText('Matched to the last unit').waitFor();
  await finish();
});

test('the focus goes through the whole page in order and out again', async () => {
  const { page, finish } = await visit(browser, server);
  await signInWithThrowAwayKey(page);
  await takeGrant(page);
  await page.locator('h1').click();
  const windows = [];
  for (let presses = 0; presses < 100; presses += 1) {
    await page.keyboard.press('Tab');
    const at = await page.evaluate(() => {
      const element = document.activeElement;
      return element === document.body ? 'out' : (element?.closest('.window')?.id ?? 'menu');
    });
    if (windows.at(-1) !== at) windows.push(at);
    if (at === 'out') break;
  }
  assert.deepEqual(windows, [
    'menu',
    'account',
    'balances',
    'lightning',
    'swap',
    'charts',
    'pool',
    'history',
    'about',
    'out',
  ]);
  await finish();
});

test('the quote and what is wrong with an amount are spoken once typing pauses', async () => {
  const { page, finish } = await visit(browser, server);
  const spoken = page.locator('#quote-spoken');
  assert.equal(await spoken.getAttribute('role'), 'status');
  await payField(page).pressSequentially('1.5');
  await spoken.getByText(/^1\.5\sgBTC gives [\d.\s]+\sgUSD\. Price impact /).waitFor({ state: 'attached' });
  await receiveField(page).fill('99999999');
  await spoken.getByText('Enter less.').waitFor({ state: 'attached' });
  await finish();
});

test('windows roll up and down, and the theme can be chosen and is kept', async () => {
  const { page, finish } = await visit(browser, server, { colorScheme: 'light' });
  await page.getByRole('button', { name: 'Roll up About' }).click();
  await page.locator('#about-content').waitFor({ state: 'hidden' });
  await page.getByRole('button', { name: 'Roll down About' }).click();
  await page.locator('#about-content').waitFor();
  const face = () => page.locator('#about').evaluate((element) => getComputedStyle(element).backgroundColor);
  const light = await face();
  await page.getByRole('button', { name: 'Dark theme' }).click();
  const dark = await face();
  assert.notEqual(dark, light);
  await page.reload();
  await page.locator('#about').waitFor();
  assert.equal(await face(), dark);
  await finish();
});

/** The accessible name of what has the focus. */
function focused(page) {
  return page.evaluate(() => {
    const element = document.activeElement;
    const text =
      element?.getAttribute('aria-label') ?? element?.labels?.[0]?.textContent ?? element?.textContent ?? '';
    return text.replace(/\s+/g, ' ').trim();
  });
}

async function tabUntil(page, wanted) {
  for (let presses = 0; presses < 40; presses += 1) {
    await page.keyboard.press('Tab');
    if (wanted(await focused(page))) return;
  }
  assert.fail('the focus never arrived');
}
