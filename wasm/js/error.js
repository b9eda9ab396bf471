/**
 * The one class of everything that this package refuses.
 *
 * The WebAssembly module imports it from here, so that a refusal made in Rust and one made in JavaScript are
 * instances of the same class.
 */
export class CoreError extends Error {
  /**
   * @param {import('./index.js').ErrorCode} code what was refused, stable across versions
   * @param {string} message a sentence for people, free to change
   * @param {number} [seq] the place of the event of a history that is wrong; the first is 1
   */
  constructor(code, message, seq) {
    super(message);
    this.code = code;
    if (seq !== undefined) this.seq = seq;
  }

  get name() {
    return 'CoreError';
  }
}
