// Comparisons that work in Node, in a page and in a worker, and know bigints.

/** A text that is equal exactly when two values are. */
export function shown(value) {
  return JSON.stringify(value, (_key, inner) => {
    if (typeof inner === 'bigint') return `${inner}n`;
    if (inner instanceof Uint8Array) return hexOf(inner);
    return inner === undefined ? 'undefined' : inner;
  });
}

export function equal(found, expected, what) {
  if (shown(found) !== shown(expected)) {
    throw new Error(`${what}: ${shown(found)}, not ${shown(expected)}`);
  }
}

/** The code that a call is refused with, or undefined when it is not refused. */
export function codeOf(postfun, call) {
  try {
    call();
    return undefined;
  } catch (error) {
    if (!(error instanceof postfun.CoreError)) throw error;
    return error.code;
  }
}

export function hexOf(bytes) {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

export function bytesOf(hex) {
  return Uint8Array.from(hex.match(/../g) ?? [], (digits) => parseInt(digits, 16));
}
