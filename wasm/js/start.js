/** Starts a WebAssembly module of the package, once, wherever it runs. */
import { invalid } from './check.js';
import { CoreError } from './error.js';

/**
 * @template Instance
 * @param {(source: { module_or_path: BufferSource | Response }) => Promise<Instance>} start
 * @param {() => URL} address where the module is when nobody says so
 */
export function starter(start, address) {
  /** @type {Promise<void> | undefined} */
  let pending;
  /** @type {Instance | undefined} */
  let instance;

  /** @param {BufferSource | URL | Response} [source] */
  async function load(source) {
    instance = await start({ module_or_path: await resolve(source ?? address()) });
  }

  return {
    /**
     * @param {BufferSource | URL | Response} [source]
     * @returns {Promise<void>}
     */
    init(source) {
      // A failed start is forgotten, so that a page can try again when the network is back.
      pending ??= load(source).catch((cause) => {
        pending = undefined;
        throw cause instanceof CoreError
          ? cause
          : failed(`the WebAssembly module did not start: ${cause}`, cause);
      });
      return pending;
    },

    /** What has started. */
    instance() {
      if (instance === undefined) {
        throw new CoreError(
          'not_initialised',
          'the package has not started: await init() before anything else',
        );
      }
      return instance;
    },
  };
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
