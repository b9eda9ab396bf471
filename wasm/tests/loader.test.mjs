// The life of the module: before it starts, how it starts, and when it cannot. Each case runs in a thread of its own,
// because a module that has started stays so.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import test from 'node:test';
import { Worker } from 'node:worker_threads';

import { wasm } from './node.mjs';

const INDEX = JSON.stringify(new URL('../pkg/index.js', import.meta.url));
const BINARY = JSON.stringify(new URL('../pkg/postfun_bg.wasm', import.meta.url));

/** Runs the body of an async function with `postfun` (the module), `binary` (a URL) and `codeOf` in a new thread. */
async function inThread(body) {
  const source = `
    import { readFile } from 'node:fs/promises';
    import { parentPort } from 'node:worker_threads';
    import * as postfun from ${INDEX};
    const binary = new URL(${BINARY});
    const codeOf = async (call) => {
      try { await call(); } catch (error) { return error instanceof postfun.CoreError ? error.code : String(error); }
    };
    parentPort.postMessage(await (async () => { ${body} })());`;
  const worker = new Worker(new URL(`data:text/javascript,${encodeURIComponent(source)}`));
  const [answer] = await once(worker, 'message');
  await worker.terminate();
  return answer;
}

const started = '[postfun.formatAmount(150n, 2), postfun.version().version]';
const version = JSON.parse((await import('node:fs')).readFileSync(`${wasm}package.json`, 'utf8')).version;

test('everything but CoreError and init says that the package has not started', async () => {
  const codes = await inThread(`
    const codes = {};
    for (const [name, value] of Object.entries(postfun)) {
      if (name !== 'CoreError' && name !== 'init') codes[name] = await codeOf(() => (name === 'Pool' || name === 'Replay' ? new value({}) : value()));
    }
    return codes;`);
  assert.ok(Object.keys(codes).length >= 18);
  assert.deepEqual(new Set(Object.values(codes)), new Set(['not_initialised']));
});

test('the module beside the loader is found without being told', async () => {
  assert.deepEqual(await inThread(`await postfun.init(); return ${started};`), ['1.5', version]);
});

test('starting twice is starting once', async () => {
  const isOne = await inThread(`
    const [first, second] = [postfun.init(), postfun.init(await readFile(binary))];
    await first;
    return first === second && postfun.init() === first;`);
  assert.equal(isOne, true);
});

for (const [name, source] of Object.entries({
  'a Buffer': 'await readFile(binary)',
  'an ArrayBuffer': 'new Uint8Array(await readFile(binary)).buffer',
  'a DataView': 'new DataView(new Uint8Array(await readFile(binary)).buffer)',
  'a file: URL': 'binary',
  'a data: URL': "new URL('data:application/wasm;base64,' + await readFile(binary, 'base64'))",
  'a Response': "new Response(await readFile(binary), { headers: { 'content-type': 'application/wasm' } })",
})) {
  test(`the module starts from ${name}`, async () => {
    assert.deepEqual(await inThread(`await postfun.init(${source}); return ${started};`), ['1.5', version]);
  });
}

for (const [name, source, code] of [
  ['a text', "'postfun_bg.wasm'", 'invalid_argument'],
  ['a number', '1', 'invalid_argument'],
  ['an object', '{}', 'invalid_argument'],
  ['bytes that are no module', 'new Uint8Array(8)', 'init_failed'],
  ['no bytes', 'new Uint8Array(0)', 'init_failed'],
  ['a file that is not there', "new URL('nothing.wasm', binary)", 'init_failed'],
  ['an answer of 404', "new Response('', { status: 404 })", 'init_failed'],
  ['a page instead of the module', "new Response('<!doctype html>')", 'init_failed'],
]) {
  test(`${name} is refused, and the next start works`, async () => {
    const answer = await inThread(`
      const found = await codeOf(() => postfun.init(${source}));
      const between = await codeOf(() => postfun.version());
      await postfun.init();
      return [found, between, ${started}[0]];`);
    assert.deepEqual(answer, [code, 'not_initialised', '1.5']);
  });
}

test('a freed pool says so, and can be freed again', async () => {
  const codes = await inThread(`
    await postfun.init();
    const pool = new postfun.Pool({ reserveA: 1000n, reserveB: 1000n, feeBpsBase: 30, stage: 1 });
    pool.free();
    pool.free();
    return [
      await codeOf(() => pool.quoteExactIn('AtoB', 1n)),
      await codeOf(() => pool.quoteExactOut('AtoB', 1n)),
      await codeOf(() => pool.swap('AtoB', 1n)),
      await codeOf(() => pool.state()),
    ];`);
  assert.deepEqual(codes, Array(4).fill('pool_freed'));
});

test('answers stay right when the memory grows', async () => {
  const [grew, out] = await inThread(`
    await postfun.init();
    const { memory } = await import(new URL('load.js', ${INDEX}));
    const input = { reserveA: 100_000_000_000n, reserveB: 65_000_000_000_000n, feeBpsBase: 30, stage: 1 };
    const first = new postfun.Pool(input);
    first.quoteExactIn('AtoB', 1_000_000n);
    const before = memory().buffer;
    const pools = Array.from({ length: 20_000 }, () => new postfun.Pool(input));
    return [memory().buffer !== before, first.quoteExactIn('AtoB', 100_000_000n).amountOut, pools.length];`);
  assert.equal(grew, true);
  assert.equal(out, 64_740_453_767n);
});

test('a secret key is drawn again when the randomness gives none, and given up when it never does', async () => {
  const [draws, length, code] = await inThread(`
    await postfun.init();
    const real = crypto.getRandomValues.bind(crypto);
    let draws = 0;
    crypto.getRandomValues = (array) => ((draws += 1) === 1 ? array.fill(0xff) : real(array));
    const secret = postfun.generateSecretKey();
    const made = draws;
    crypto.getRandomValues = (array) => array.fill(0);
    return [made, postfun.publicKey(secret).length, await codeOf(() => postfun.generateSecretKey())];`);
  assert.deepEqual([draws, length, code], [2, 64, 'secret_key_invalid']);
});

test('secrets are wiped from the memory of the module, and left alone in the hands of the caller', async () => {
  const [found, kept] = await inThread(`
    await postfun.init();
    const { memory } = await import(new URL('load.js', ${INDEX}));
    const secret = Uint8Array.from({ length: 32 }, (_, index) => 0xa0 + index);
    const event = { pubkey: postfun.publicKey(secret), created_at: 1, kind: 1, tags: [], content: '' };
    for (let round = 0; round < 100; round += 1) postfun.signEvent(event, secret);
    const bytes = Buffer.from(memory().buffer);
    const halves = [secret.subarray(0, 16), secret.subarray(16)];
    return [halves.map((half) => bytes.indexOf(half)), secret[0]];`);
  assert.deepEqual([found, kept], [[-1, -1], 0xa0]);
});
