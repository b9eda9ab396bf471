/** What this browser calls itself, for a list of sessions: said by its user agent, so a hint and no proof. */

/** The first that fits counts: most browsers also name those that they descend from. */
const BROWSERS: readonly (readonly [RegExp, string])[] = [
  [/\b(Edg|EdgA|EdgiOS)\//, 'Edge'],
  [/\bOPR\//, 'Opera'],
  [/\bSamsungBrowser\//, 'Samsung Internet'],
  [/\b(Firefox|FxiOS)\//, 'Firefox'],
  [/\b(Chrome|CriOS|HeadlessChrome|Chromium)\//, 'Chrome'],
  [/\bSafari\//, 'Safari'],
];

const SYSTEMS: readonly (readonly [RegExp, string])[] = [
  [/\bAndroid\b/, 'Android'],
  [/\b(iPhone|iPod)\b/, 'iPhone'],
  [/\biPad\b/, 'iPad'],
  [/\bWindows\b/, 'Windows'],
  [/\bCrOS\b/, 'ChromeOS'],
  [/\bMac OS X\b/, 'macOS'],
  [/\bLinux\b/, 'Linux'],
];

/** Names browser and system, such as “Firefox on Linux”. */
export function deviceName(userAgent: string): string {
  const first = (list: typeof BROWSERS): string | null =>
    list.find(([pattern]) => pattern.test(userAgent))?.[1] ?? null;
  const browser = first(BROWSERS) ?? 'A browser';
  const system = first(SYSTEMS);
  return system === null ? browser : `${browser} on ${system}`;
}
