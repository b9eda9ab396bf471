// index.d.ts and what it passes on are written by hand: they have to name what there is, no more and no less, and to
// compile.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import test from 'node:test';

import * as postfun from '../pkg/index.js';
import * as raw from '../pkg/postfun.js';
import { wasm } from './node.mjs';

await postfun.init();
const declarations = ['index', 'events']
  .map((name) => readFileSync(`${wasm}pkg/${name}.d.ts`, 'utf8'))
  .join('\n');

/** Codes that only the JavaScript side refuses with. */
const OWN_CODES = ['invalid_argument', 'not_initialised', 'init_failed', 'pool_freed', 'replay_freed'];

test('every export is declared and every declaration is exported', () => {
  const declared = [...declarations.matchAll(/^export (?:function|class) (\w+)/gm)].map(([, name]) => name);
  assert.deepEqual(declared.sort(), Object.keys(postfun).sort());
});

for (const name of ['Pool', 'Replay']) {
  test(`the methods of a ${name} are those declared`, () => {
    const [, body] = new RegExp(`^export class ${name} \\{(.*?)^\\}`, 'ms').exec(declarations);
    const declared = [...body.matchAll(/^  (\w+)\(/gm)].map(([, method]) => method);
    assert.deepEqual(declared.sort(), Object.getOwnPropertyNames(postfun[name].prototype).sort());
  });
}

test('the union of codes is the list of the core, and its own', () => {
  const [, union] = /^export type ErrorCode =(.*?);/ms.exec(declarations);
  const declared = [...union.matchAll(/'(\w+)'/g)].map(([, code]) => code);
  assert.deepEqual(declared.sort(), [...raw.errorCodes(), ...OWN_CODES].sort());
  assert.equal(new Set(declared).size, declared.length, 'each code once');
});

test('every function says what it takes, what it gives and what it refuses', () => {
  const documented = /\/\*\*((?:(?!\*\/).)*)\*\/\s*export function (\w+)\(([^)]*)\)(?:: (\w+))?/gs;
  let seen = 0;
  for (const [, doc, name, parameters] of declarations.matchAll(documented)) {
    seen += 1;
    if (parameters !== '') assert.match(doc, /@throws \{CoreError\}/, `${name} says what it refuses`);
  }
  assert.equal(seen, [...declarations.matchAll(/^export function/gm)].length);
});

test('the declarations compile, and refuse what a caller should not write', () => {
  execFileSync(process.execPath, [`${wasm}node_modules/typescript/bin/tsc`, '-p', `${wasm}tests/types`], {
    stdio: 'inherit',
  });
});
