// What the tests share that run in Node.
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

import { FILES } from './cases/vectors.mjs';

export const root = fileURLToPath(new URL('../..', import.meta.url));
export const wasm = fileURLToPath(new URL('..', import.meta.url));

export function vectorFile(name) {
  return JSON.parse(readFileSync(`${root}tests/vectors/${name}.json`, 'utf8'));
}

export function vectorFiles() {
  return Object.fromEntries(FILES.map((name) => [name, vectorFile(name)]));
}
