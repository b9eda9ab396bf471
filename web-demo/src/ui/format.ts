/** Numbers as text, the same in every locale: a point for decimals, thin spaces between groups of three. */

/** A narrow space at which a line never breaks; it stands between groups of digits and before a percent sign. */
export const THIN = '\u202f';

/** A space at which a line never breaks; it stands between a number and its unit. */
export const NBSP = '\u00a0';

/** Groups the whole part of canonical decimal text: `65000000.123456` becomes `65 000 000.123456`. */
export function group(canonical: string): string {
  const [whole = '', fraction] = canonical.split('.');
  const grouped = whole.replace(/\B(?=(\d{3})+$)/g, THIN);
  return fraction === undefined ? grouped : `${grouped}.${fraction}`;
}

/** Takes out the spaces that `group` puts in, and those that people type. */
export function ungroup(text: string): string {
  return text.trim().replace(/(?<=[\d.])[\s_](?=[\d.])/gu, '');
}

/** Parts per million as percent, rounded up to two places, since it is a cost: 998 becomes `0.10 %`. */
export function percentOfPpm(ppm: number): string {
  if (ppm < 100) return `under 0.01${THIN}%`;
  const hundredths = Math.ceil(ppm / 100);
  return `${Math.floor(hundredths / 100)}.${String(hundredths % 100).padStart(2, '0')}${THIN}%`;
}

/** Basis points as percent without trailing zeros: 50 becomes `0.5 %`. */
export function percentOfBps(bps: number): string {
  const fraction = String(bps % 100)
    .padStart(2, '0')
    .replace(/0+$/, '');
  return `${Math.floor(bps / 100)}${fraction === '' ? '' : `.${fraction}`}${THIN}%`;
}

/** The first and the last characters of a long identifier; either can be none. */
export function shorten(text: string, head: number, tail: number): string {
  return text.length <= head + tail + 1 ? text : `${text.slice(0, head)}…${text.slice(text.length - tail)}`;
}

const two = (value: number): string => String(value).padStart(2, '0');

/** A time of day on the device's clock, with the date when it was another day. */
export function clockTime(at: string | number, now: Date = new Date()): string {
  const time = new Date(at);
  const text = `${two(time.getHours())}:${two(time.getMinutes())}:${two(time.getSeconds())}`;
  if (time.toDateString() === now.toDateString()) return text;
  return `${time.getFullYear()}-${two(time.getMonth() + 1)}-${two(time.getDate())} ${text}`;
}
