// The package as npm would publish it: what is in it, how large it is, and that another project can use it.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { after } from 'node:test';

import { root, wasm } from './node.mjs';

/** What a first visit may cost, all of it: 100 kB. */
const MAIN_BYTES_MAX = 100_000;

/** What the first invoice that a page meets may cost: the second module, which most visits never load. */
const LAZY_BYTES_MAX = 60_000;

/** The files that are loaded with the first invoice. */
const LAZY = ['bolt11.d.ts', 'bolt11.js', 'postfun_bolt11.js', 'postfun_bolt11_bg.wasm'];

const project = mkdtempSync(join(tmpdir(), 'postfun-package-'));
after(() => rmSync(project, { recursive: true, force: true }));

const pack = ['pack', '--json', '--pack-destination', project];
const [packed] = JSON.parse(
  execFileSync('npm', pack, { cwd: `${wasm}pkg`, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }),
);
const tarball = join(project, packed.filename);
const installed = join(project, 'node_modules', 'postfun');
mkdirSync(installed, { recursive: true });
execFileSync('tar', ['-xzf', tarball, '-C', installed, '--strip-components=1']);
writeFileSync(join(project, 'package.json'), '{ "type": "module" }');

/** Runs a module of the project and gives what it printed. */
function run(source) {
  return execFileSync(process.execPath, ['--input-type=module', '--eval', source], {
    cwd: project,
    encoding: 'utf8',
  }).trim();
}

/** The bytes of some files of the package, as one gzipped archive. */
function weightOf(files) {
  const archive = join(project, 'weighed.tgz');
  execFileSync('tar', ['-czf', archive, '-C', installed, ...files]);
  return statSync(archive).size;
}

test('what every page loads is at most 100 kB, gzipped, with all that is packed beside it', () => {
  const size = weightOf(packed.files.map(({ path }) => path).filter((path) => !LAZY.includes(path)));
  assert.ok(size <= MAIN_BYTES_MAX, `${size} bytes`);
});

test('what the first invoice loads is at most 60 kB, gzipped', () => {
  const size = weightOf(LAZY);
  assert.ok(size <= LAZY_BYTES_MAX, `${size} bytes`);
});

test('what every page loads does not name what is loaded later', () => {
  const main = packed.files
    .map(({ path }) => path)
    .filter((path) => path.endsWith('.js') && !LAZY.includes(path));
  for (const file of main) {
    assert.doesNotMatch(readFileSync(join(installed, file), 'utf8'), /bolt11/, file);
  }
});

test('it holds what it needs and nothing else', () => {
  const files = packed.files.map(({ path }) => path).sort();
  assert.deepEqual(files, [
    'LICENSE',
    'README.md',
    'amm.js',
    'amount.js',
    'bolt11.d.ts',
    'bolt11.js',
    'build.js',
    'check.js',
    'error.js',
    'events.d.ts',
    'index.d.ts',
    'index.js',
    'load.js',
    'nostr.js',
    'package.json',
    'postfun.js',
    'postfun_bg.wasm',
    'postfun_bolt11.js',
    'postfun_bolt11_bg.wasm',
    'replay.js',
    'snapshot.js',
    'start.js',
  ]);
});

test('it has the version of the workspace and no dependencies', () => {
  const manifest = JSON.parse(readFileSync(join(installed, 'package.json'), 'utf8'));
  const [, version] = /\[workspace\.package\]\s*version = "([^"]+)"/.exec(
    readFileSync(`${root}Cargo.toml`, 'utf8'),
  );
  assert.equal(manifest.version, version);
  for (const field of ['dependencies', 'devDependencies', 'scripts', 'private'])
    assert.equal(manifest[field], undefined);
});

test('another project can import it by name', () => {
  const source = `import { init, version, Pool } from 'postfun'; await init();
    const pool = new Pool({ reserveA: 100_000_000_000n, reserveB: 65_000_000_000_000n, feeBpsBase: 30, stage: 1 });
    console.log(pool.quoteExactIn('AtoB', 100_000_000n).amountOut, version().commit.length > 6);`;
  assert.equal(run(source), '64740453767n true');
});

test('another project can import the second module by name', () => {
  const source = `import { CoreError, init, decodeInvoice } from 'postfun/bolt11'; await init();
    try { decodeInvoice('lnbc1'); } catch (error) { console.log(error instanceof CoreError, error.code); }`;
  assert.equal(run(source), 'true invoice_malformed');
});

test('the generated module stays behind the checks, the binary can be found', () => {
  const source = `
    const code = await import('postfun/postfun.js').catch((error) => error.code);
    console.log(code, import.meta.resolve('postfun/postfun_bg.wasm').endsWith('/postfun/postfun_bg.wasm'));`;
  assert.equal(run(source), 'ERR_PACKAGE_PATH_NOT_EXPORTED true');
});

test('the first example of its README is true', () => {
  const [, example] = /```js\n(.*?)```/s.exec(readFileSync(join(installed, 'README.md'), 'utf8'));
  const claims = [...example.matchAll(/^(.+); \/\/ '([^']+)'/gm)];
  const printing = example.replace(/^(.+); \/\/ '[^']+'/gm, 'console.log($1); //');
  assert.ok(claims.length >= 2);
  assert.equal(run(printing), claims.map(([, , value]) => value).join('\n'));
});

for (const resolution of ['nodenext', 'bundler']) {
  test(`its declarations are found with ${resolution} resolution`, () => {
    const use =
      "import { Pool, type Quote } from 'postfun';\nexport const q = (p: Pool): Quote => p.quoteExactIn('AtoB', 1n);\n" +
      "import { decodeInvoice, type Invoice } from 'postfun/bolt11';\nexport const i: Invoice = decodeInvoice('');\n";
    writeFileSync(join(project, 'use.ts'), use);
    const module = resolution === 'bundler' ? 'esnext' : resolution;
    execFileSync(
      process.execPath,
      [
        `${wasm}node_modules/typescript/bin/tsc`,
        ...['--noEmit', '--strict', '--types', '', '--target', 'esnext', '--lib', 'esnext,dom'],
        ...['--module', module, '--moduleResolution', resolution, 'use.ts'],
      ],
      { cwd: project, stdio: 'inherit' },
    );
  });
}

test('the binary does not tell where it was built', () => {
  for (const name of ['postfun_bg.wasm', 'postfun_bolt11_bg.wasm']) {
    const binary = readFileSync(join(installed, name));
    for (const path of [root, homedir()]) assert.equal(binary.indexOf(path), -1, `${path} in ${name}`);
  }
});
