// Puts the package together: node assemble.mjs <output of wasm-pack> <package>
import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = fileURLToPath(new URL('.', import.meta.url));
const root = join(here, '..');
const [built, pkg] = process.argv.slice(2);

/** Fields of package.json that only matter here. */
const PRIVATE = ['private', 'scripts', 'devDependencies'];

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
copyWithoutDocs(join(built, 'postfun.js'), join(pkg, 'postfun.js'));
copyFileSync(join(here, 'js', 'index.d.ts'), join(pkg, 'index.d.ts'));
copyFileSync(join(built, 'postfun.d.ts'), join(pkg, 'postfun.d.ts')); // for checking js/, not to be published
copyFileSync(join(built, 'postfun_opt.wasm'), join(pkg, 'postfun_bg.wasm'));
copyFileSync(join(here, 'README.md'), join(pkg, 'README.md'));
copyFileSync(join(root, 'LICENSE'), join(pkg, 'LICENSE'));
writeFileSync(join(pkg, 'build.js'), `export const COMMIT = '${commit()}';\n`); // in place of js/build.js
// Last, because its date tells build.sh that the package is complete.
writeFileSync(join(pkg, 'package.json'), manifest());
