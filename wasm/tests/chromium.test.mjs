// The same tests in a real browser: in a page and in a worker.
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import test, { after, before } from 'node:test';

import { chromium } from 'playwright-core';

import { serve } from './server.mjs';

const executablePath = process.env.CHROMIUM ?? '/usr/bin/chromium';

/** Headless in a container, without anything that would reach for the network. */
const ARGS = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** Vectors, arguments, histories, invoices and the digest: fewer means that some were not run. */
const TESTS = 53;

let server;
let browser;

before(async () => {
  assert.ok(
    existsSync(executablePath),
    `no Chromium at ${executablePath}: install it, or say where in CHROMIUM`,
  );
  server = await serve();
  browser = await chromium.launch({ executablePath, args: ARGS });
});

after(async () => {
  await browser?.close();
  server?.close();
});

/** Opens a page, runs a function in it, and collects what the page complained about. */
async function inPage(run, argument) {
  const page = await browser.newPage();
  const complaints = [];
  page.on('console', (message) => complaints.push(message.text()));
  page.on('pageerror', (error) => complaints.push(String(error)));
  await page.goto(`${server.origin}/`);
  const answer = await page.evaluate(run, argument);
  await page.close();
  return { answer, complaints };
}

function assertPassed({ answer, complaints }) {
  assert.deepEqual(answer.failed, []);
  assert.equal(answer.passed.length, TESTS);
  assert.deepEqual(complaints, []);
}

test('everything passes in a page', async () => {
  assertPassed(await inPage(async () => (await import('/wasm/tests/cases/everything.mjs')).everything()));
});

test('everything passes in a worker', async () => {
  assertPassed(
    await inPage(
      () =>
        new Promise((resolve, reject) => {
          const worker = new Worker('/wasm/tests/cases/worker.mjs', { type: 'module' });
          worker.onmessage = (message) => resolve(message.data);
          worker.onerror = (event) => reject(new Error(event.message));
        }),
    ),
  );
});

test('a start without network is refused, and works once the network is back', async () => {
  const { answer } = await inPage(async () => {
    const { CoreError, init, version } = await import('/wasm/pkg/index.js');
    const missing = new URL('/wasm/pkg/nothing.wasm', location.href);
    const code = await init(missing).catch((error) => error instanceof CoreError && error.code);
    await init();
    return [code, typeof version().version];
  });
  assert.deepEqual(answer, ['init_failed', 'string']);
});
