import { expect, test } from 'vitest';
import { cleanCode, codeProblem, emailProblem } from '../src/privy/entry';
import { describePrivy, LibraryError } from '../src/privy/sentences';

test('an address is refused only when it can be none', () => {
  for (const good of ['a@b.co', 'ada.lovelace+x@mail.example.org', 'ü@münchen.example'])
    expect(emailProblem(good)).toBeNull();
  for (const bad of ['ada', 'ada@', '@example.org', 'a b@example.org', 'a@b', `${'a'.repeat(250)}@b.co`])
    expect(emailProblem(bad)).toMatch(/no e-mail address/);
  expect(emailProblem('')).toBe('Type your e-mail address.');
});

test('a code may be pasted with spaces and dashes', () => {
  expect(cleanCode(' 123-456 ')).toBe('123456');
  expect(codeProblem('123456')).toBeNull();
  for (const bad of ['', '12345', '1234567', '12345a', '１２３４５６'])
    expect(codeProblem(bad)).toBe('The code has six digits.');
});

/** An error as Privy's library throws it. */
function refused(code: string | undefined, status: number, message = 'the reason'): Error {
  return Object.assign(new Error(message), { name: 'PrivyApiError', code, status });
}

test('what Privy refuses is told by its code, else by its own words', () => {
  expect(describePrivy(refused('invalid_credentials', 401))).toMatch(/another one, or too old/);
  expect(describePrivy(refused('too_many_requests', 429))).toMatch(/Wait a few minutes/);
  expect(describePrivy(refused('new_code', 400))).toBe('Privy refused: The reason.');
  expect(describePrivy(refused(undefined, 400, ''))).toBe('Privy refused: The server gave no reason.');
  expect(describePrivy(refused('internal', 500))).toBe('Privy has trouble of its own. Try again later.');
});

test('no answer, and no library, are told apart', () => {
  const unanswered = 'Privy did not answer. Check your connection, then try again.';
  expect(describePrivy(new TypeError('Failed to fetch'))).toBe(unanswered);
  expect(describePrivy(new DOMException('aborted', 'AbortError'))).toBe(unanswered);
  expect(describePrivy('a text')).toBe(unanswered);
  expect(describePrivy(new LibraryError('x'))).toMatch(/could not be loaded/);
});
