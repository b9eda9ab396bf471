/** The module that everything but invoices runs in. */
import start, * as raw from './postfun.js';
import { COMMIT } from './build.js';
import { starter } from './start.js';

const main = starter(start, () => new URL('./postfun_bg.wasm', import.meta.url));

export const { init } = main;

/** @returns {{ version: string, commit: string }} */
export function version() {
  return { version: core().version(), commit: COMMIT };
}

/** The raw exports. */
export function core() {
  main.instance();
  return raw;
}

/** The module's memory; its buffer is replaced whenever it grows. */
export function memory() {
  return main.instance().memory;
}
