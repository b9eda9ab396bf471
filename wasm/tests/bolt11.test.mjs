// The second module: its tests, its declarations, and that the first one does not load it.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import test from 'node:test';
import { Worker } from 'node:worker_threads';

import * as bolt11 from '../pkg/bolt11.js';
import * as postfun from '../pkg/index.js';
import * as raw from '../pkg/postfun_bolt11.js';
import { bolt11Tests, FILE } from './cases/bolt11.mjs';
import { vectorFile, wasm } from './node.mjs';

await bolt11.init();
const declarations = readFileSync(`${wasm}pkg/bolt11.d.ts`, 'utf8');

for (const [sentence, run] of bolt11Tests(bolt11, vectorFile(FILE))) test(sentence, run);

test('every export is declared and every declaration is exported', () => {
  const declared = [...declarations.matchAll(/^export (?:function|class) (\w+)|^export \{ (\w+) \}/gm)];
  assert.deepEqual(declared.map(([, own, other]) => own ?? other).sort(), Object.keys(bolt11).sort());
});

test('the union of codes is the list of the core', () => {
  const [, union] = /^export type InvoiceErrorCode =(.*?);/ms.exec(declarations);
  const declared = [...union.matchAll(/'(\w+)'/g)].map(([, code]) => code);
  assert.deepEqual(declared.sort(), [...raw.invoiceErrorCodes()].sort());
  assert.equal(new Set(declared).size, declared.length, 'each code once');
});

test('both modules refuse with the same class', () => {
  assert.equal(bolt11.CoreError, postfun.CoreError);
});

/** Runs the body of an async function in a new thread, where nothing has started. */
async function inThread(body) {
  const source = `
    import { parentPort } from 'node:worker_threads';
    import * as bolt11 from ${JSON.stringify(new URL('../pkg/bolt11.js', import.meta.url))};
    import * as postfun from ${JSON.stringify(new URL('../pkg/index.js', import.meta.url))};
    const binary = new URL(${JSON.stringify(new URL('../pkg/postfun_bolt11_bg.wasm', import.meta.url))});
    const codeOf = async (call) => {
      try { await call(); } catch (error) { return error instanceof postfun.CoreError ? error.code : String(error); }
    };
    parentPort.postMessage(await (async () => { ${body} })());`;
  const worker = new Worker(new URL(`data:text/javascript,${encodeURIComponent(source)}`));
  const [answer] = await once(worker, 'message');
  await worker.terminate();
  return answer;
}

test('each module starts without the other', async () => {
  const answer = await inThread(`
    const before = [await codeOf(() => bolt11.decodeInvoice('x')), await codeOf(() => bolt11.checkPayable('x', {}))];
    await postfun.init();
    const between = await codeOf(() => bolt11.decodeInvoice('x'));
    await bolt11.init();
    return [...before, between, await codeOf(() => bolt11.decodeInvoice('x')), typeof postfun.version().version];`);
  assert.deepEqual(answer, [...Array(3).fill('not_initialised'), 'invoice_malformed', 'string']);
  const alone = await inThread(`
    await bolt11.init(binary);
    return [await codeOf(() => bolt11.decodeInvoice('x')), await codeOf(() => postfun.version())];`);
  assert.deepEqual(alone, ['invoice_malformed', 'not_initialised']);
});

test('a start that failed is refused, and the next one works', async () => {
  const answer = await inThread(`
    const codes = [await codeOf(() => bolt11.init('here')), await codeOf(() => bolt11.init(new Uint8Array(8)))];
    await bolt11.init();
    return [...codes, await codeOf(() => bolt11.decodeInvoice('x'))];`);
  assert.deepEqual(answer, ['invalid_argument', 'init_failed', 'invoice_malformed']);
});

test('reading many invoices keeps no memory', async () => {
  const { valid } = vectorFile(FILE);
  const grown = await inThread(`
    const invoice = ${JSON.stringify(valid[10].invoice)};
    const { default: start } = await import(new URL('postfun_bolt11.js', binary));
    await bolt11.init();
    const { memory } = await start();
    for (let round = 0; round < 100; round += 1) bolt11.decodeInvoice(invoice);
    const before = memory.buffer.byteLength;
    for (let round = 0; round < 3000; round += 1) bolt11.decodeInvoice(invoice);
    return memory.buffer.byteLength - before;`);
  assert.equal(grown, 0);
});
