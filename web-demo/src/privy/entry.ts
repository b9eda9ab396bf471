/** E-mail addresses and codes as people type them. */

/** Longest address that mail can carry (RFC 5321, section 4.5.3.1.3, without the angle brackets). */
export const EMAIL_CHARS_MAX = 254;

const CODE = /^\d{6}$/;

/** What is wrong with an address, as far as a page can tell; null when Privy may decide. */
export function emailProblem(email: string): string | null {
  if (email === '') return 'Type your e-mail address.';
  if (email.length > EMAIL_CHARS_MAX || !/^[^\s@]+@[^\s@]+\.[^\s@]+$/.test(email)) {
    return 'This is no e-mail address. It looks like name@example.org.';
  }
  return null;
}

/** Takes out the spaces and dashes of a code that was copied. */
export function cleanCode(typed: string): string {
  return typed.replace(/[\s-]/gu, '');
}

export function codeProblem(code: string): string | null {
  return CODE.test(code) ? null : 'The code has six digits.';
}
