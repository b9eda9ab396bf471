// Puts the package together: node assemble.mjs <folder of wasm-pack's outputs> <package>
import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = fileURLToPath(new URL('.', import.meta.url));
const root = join(here, '..');
const [built, pkg] = process.argv.slice(2);

/** Fields of package.json that only matter here. */
const PRIVATE = ['private', 'scripts', 'devDependencies'];

/** The WebAssembly modules, by the feature of the crate that each is built with. */
const MODULES = { main: 'postfun', bolt11: 'postfun_bolt11' };

/** The last commit that changed what the package is made of, so that equal sources give equal packages. */
function commit() {
  try {
    const sources = ['core', 'wasm', 'Cargo.toml', 'Cargo.lock', '.cargo', 'rust-toolchain.toml'];
    const args = ['-C', root, 'log', '-1', '--format=%H', '--', ...sources];
    return (
      execFileSync('git', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim() || 'unknown'
    );
  } catch {
    return 'unknown';
  }
}

function manifest() {
  const development = JSON.parse(readFileSync(join(here, 'package.json'), 'utf8'));
  const entries = Object.entries(development).filter(([field]) => !PRIVATE.includes(field));
  return JSON.stringify(Object.fromEntries(entries), null, 2) + '\n';
}

/** Docs are a tenth of what a page would load; index.d.ts has those that a caller needs. */
function copyWithoutDocs(source, target) {
  writeFileSync(target, readFileSync(source, 'utf8').replace(/^\s*\/\*\*[^]*?\*\/\n/gm, ''));
}

rmSync(pkg, { recursive: true, force: true });
mkdirSync(pkg, { recursive: true });
for (const file of readdirSync(join(here, 'js'))) {
  if (file.endsWith('.js')) copyWithoutDocs(join(here, 'js', file), join(pkg, file));
}
for (const declarations of ['index.d.ts', 'events.d.ts', 'bolt11.d.ts']) {
  copyFileSync(join(here, 'js', declarations), join(pkg, declarations));
}
for (const [feature, name] of Object.entries(MODULES)) {
  const from = join(built, feature, name);
  copyWithoutDocs(`${from}.js`, join(pkg, `${name}.js`));
  copyFileSync(`${from}.d.ts`, join(pkg, `${name}.d.ts`)); // for checking js/, not to be published
  copyFileSync(`${from}_opt.wasm`, join(pkg, `${name}_bg.wasm`));
}
copyFileSync(join(here, 'README.md'), join(pkg, 'README.md'));
copyFileSync(join(root, 'LICENSE'), join(pkg, 'LICENSE'));
writeFileSync(join(pkg, 'build.js'), `export const COMMIT = '${commit()}';\n`); // in place of js/build.js
// Last, because its date tells build.sh that the package is complete.
writeFileSync(join(pkg, 'package.json'), manifest());
