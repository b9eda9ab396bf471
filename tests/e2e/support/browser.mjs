/** Debian's Chromium, and pages that are watched for whatever should never happen. */
import assert from 'node:assert/strict';
import { chromium } from 'playwright-core';

/** Starts the browser that CHROMIUM names, by default the system's. */
export function startBrowser() {
  return chromium.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    args: [
      '--headless',
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  });
}

/** What the console says when a request fails or is refused; tests provoke both. */
const EXPECTED = /Failed to load resource/;

/**
 * Opens the page in a context of its own.
 *
 * `finish` closes it, and fails when a script failed, something was blocked by the content security policy, or a
 * request went to another host that is no friend.
 *
 * @param {import('playwright-core').Browser} browser
 * @param {{ url: string }} server
 * @param {{ before?: (page: import('playwright-core').Page) => Promise<void>, anyPool?: boolean, friends?: string[] } & import('playwright-core').BrowserContextOptions} options
 */
export async function visit(browser, server, { before, anyPool = false, friends = [], ...options } = {}) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, ...options });
  context.setDefaultTimeout(10_000);
  const page = await context.newPage();
  const faults = [];
  page.on('pageerror', (error) => faults.push(`script: ${error.message}`));
  page.on('console', (message) => {
    const bad = ['error', 'warning'].includes(message.type()) && !EXPECTED.test(message.text());
    if (bad) faults.push(`console: ${message.text()}`);
  });
  page.on('request', (request) => {
    const known = [server.url, ...friends].some((url) => request.url().startsWith(`${url}/`));
    if (!known) faults.push(`foreign request: ${request.url()}`);
  });
  await before?.(page);
  await page.goto(`${server.url}/`);
  await page.getByRole('heading', { name: anyPool ? 'Pool' : /^Pool gBTC/ }).waitFor();
  return {
    context,
    page,
    async finish() {
      await page.unrouteAll({ behavior: 'ignoreErrors' });
      await context.close();
      assert.deepEqual(faults, []);
    },
  };
}

/** A text with every kind of space made plain. */
export const plain = (text) => text.replace(/\s+/gu, ' ').trim();
