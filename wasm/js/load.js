/** Starts the WebAssembly module, once, wherever the package runs. */
import start, * as raw from './postfun.js';
import { COMMIT } from './build.js';
import { invalid } from './check.js';
import { CoreError } from './error.js';

/** @type {Promise<void> | undefined} */
let pending;
/** @type {import('./postfun.js').InitOutput | undefined} */
let instance;

/**
 * @param {BufferSource | URL | Response} [source]
 * @returns {Promise<void>}
 */
export function init(source) {
  // A failed start is forgotten, so that a page can try again when the network is back.
  pending ??= load(source).catch((cause) => {
    pending = undefined;
    throw cause instanceof CoreError
      ? cause
      : failed(`the WebAssembly module did not start: ${cause}`, cause);
  });
  return pending;
}

/** @returns {{ version: string, commit: string }} */
export function version() {
  return { version: core().version(), commit: COMMIT };
}

/** The raw exports. */
export function core() {
  if (instance === undefined) {
    throw new CoreError('not_initialised', 'the package has not started: await init() before anything else');
  }
  return raw;
}

/** The module's memory; its buffer is replaced whenever it grows. */
export function memory() {
  return /** @type {import('./postfun.js').InitOutput} */ (instance).memory;
}

/** @param {BufferSource | URL | Response} [source] */
async function load(source) {
  const module_or_path = await resolve(source ?? new URL('./postfun_bg.wasm', import.meta.url));
  instance = await start({ module_or_path });
}

/**
 * @param {unknown} source
 * @returns {Promise<BufferSource | Response>}
 */
async function resolve(source) {
  if (source instanceof ArrayBuffer) return source;
  if (ArrayBuffer.isView(source)) {
    // Some engines start from no other view than this.
    return new Uint8Array(/** @type {ArrayBuffer} */ (source.buffer), source.byteOffset, source.byteLength);
  }
  if (source instanceof URL) {
    return source.protocol === 'file:' ? readFile(source) : fetched(await fetch(source));
  }
  if (source instanceof Response) return fetched(source);
  throw invalid('source', 'the bytes, the URL or the response of postfun_bg.wasm', source);
}

/** @param {Response} response */
function fetched(response) {
  if (!response.ok) throw failed(`${response.url || 'the WebAssembly module'} answered ${response.status}`);
  return response;
}

/**
 * Reads the module from disk; only Node and its like load this file from there.
 *
 * @param {URL} url
 * @returns {Promise<Uint8Array<ArrayBuffer>>}
 */
async function readFile(url) {
  // A name that is no literal keeps bundlers from looking for the module.
  const name = 'node:fs/promises';
  const files = await import(/* @vite-ignore */ /* webpackIgnore: true */ name);
  return files.readFile(url);
}

/**
 * @param {string} message
 * @param {unknown} [cause]
 */
function failed(message, cause) {
  const error = new CoreError('init_failed', message);
  if (cause !== undefined) error.cause = cause;
  return error;
}
