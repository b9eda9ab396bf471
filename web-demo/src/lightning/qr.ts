/** An invoice as a QR code. */
import { encode } from 'uqr';

/** Blank modules around the code, without which scanners do not find it. */
const QUIET = 4;

export interface QrPath {
  /** The side of the square with its quiet zone, in modules. */
  side: number;
  /** The dark modules as an SVG path, one unit a module. */
  path: string;
}

/**
 * Draws an invoice in upper case: bech32 is the same in both, and a QR code has a mode for capitals and digits that
 * needs five and a half bits a character instead of eight.
 */
export function qrPath(invoice: string): QrPath {
  const { data, size } = encode(invoice.toUpperCase(), { ecc: 'L', border: QUIET });
  const rows = data.map((row, y) => row.map((dark, x) => (dark ? `M${x} ${y}h1v1h-1z` : '')).join(''));
  return { side: size, path: rows.join('') };
}
