/**
 * The checks that stand before every call into the WebAssembly module.
 *
 * A raw 64-bit parameter wraps: -1n would arrive as 2^64 - 1, `'1'` and `true` as 1. So nothing reaches the module
 * that did not pass here.
 */
import { CoreError } from './error.js';

/** The largest number of 8 bits. */
export const U8 = 0xff;

/** The largest number of 16 bits. */
export const U16 = 0xffff;

/** The longest text that is handed over, in UTF-16 units; every parser behind it has a smaller limit of its own. */
export const TEXT_LENGTH_MAX = 1 << 20;

/** The longest history that is replayed at once: 256 MiB, more than a million swaps. */
export const LOG_BYTES_MAX = 1 << 28;

/**
 * @param {string} name the argument's name, as the declarations have it
 * @param {string} expected what it has to be
 * @param {unknown} value what it was
 * @returns {CoreError}
 */
export function invalid(name, expected, value) {
  const found = value === null ? 'null' : Array.isArray(value) ? 'an array' : typeof value;
  const shown = typeof value === 'number' || typeof value === 'boolean' ? `${found} ${value}` : found;
  return new CoreError('invalid_argument', `${name} must be ${expected}, not ${shown}`);
}

/**
 * @param {unknown} value
 * @param {string} name
 * @returns {bigint} an amount in base units, 0 to 2^63 - 1
 */
export function units(value, name) {
  if (typeof value !== 'bigint') throw invalid(name, 'a bigint', value);
  if (BigInt.asUintN(63, value) !== value) {
    throw new CoreError('amount_out_of_range', `${name} must be 0 to 2^63 - 1 base units`);
  }
  return value;
}

/**
 * @param {unknown} value
 * @param {string} name
 * @param {number} max the largest value that arrives unchanged; what makes sense is the core's to say
 * @returns {number} a whole number from 0
 */
export function integer(value, name, max) {
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0 || value > max) {
    throw invalid(name, `a whole number from 0 to ${max}`, value);
  }
  return value;
}

/**
 * @param {unknown} value
 * @param {string} name
 * @returns {string} a text that UTF-8 can express
 */
export function text(value, name) {
  if (typeof value !== 'string') throw invalid(name, 'a string', value);
  if (value.length > TEXT_LENGTH_MAX) {
    throw new CoreError('invalid_argument', `${name} must have at most ${TEXT_LENGTH_MAX} characters`);
  }
  // Encoding would replace half of a surrogate pair by U+FFFD without a word.
  if (/\p{Surrogate}/u.test(value))
    throw new CoreError('invalid_argument', `${name} must be well-formed Unicode`);
  return value;
}

/**
 * @param {unknown} value
 * @param {string} name
 * @returns {Uint8Array} also one of another window or context, which `instanceof` would not know
 */
export function byteArray(value, name) {
  if (Object.prototype.toString.call(value) !== '[object Uint8Array]')
    throw invalid(name, 'a Uint8Array', value);
  return /** @type {Uint8Array} */ (value);
}

/**
 * @param {unknown} value
 * @param {string} name
 * @param {number} length
 * @returns {Uint8Array}
 */
export function bytesOf(value, name, length) {
  const array = byteArray(value, name);
  if (array.length !== length) {
    throw new CoreError('invalid_argument', `${name} must have ${length} bytes, not ${array.length}`);
  }
  return array;
}

/**
 * @param {unknown} value
 * @param {string} name
 * @returns {Record<string, unknown>}
 */
export function record(value, name) {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw invalid(name, 'an object', value);
  return /** @type {Record<string, unknown>} */ (value);
}

/**
 * @param {unknown} value
 * @param {string} name
 * @param {number} length
 * @returns {(bigint | null)[]} a list of exactly `length` amounts, each of which can be missing
 */
export function optionalUnits(value, name, length) {
  if (value === undefined) return Array(length).fill(null);
  if (!Array.isArray(value) || value.length !== length) throw invalid(name, `a list of ${length}`, value);
  return Array.from(value, (item, index) => (item === null ? null : units(item, `${name}[${index}]`)));
}
